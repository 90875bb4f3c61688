# frozen_string_literal: true

# Enqueues Sidekiq's jobs. See ../shared/processes.py for what an action does.
require "json"
require_relative "job"

BULK = 1000
WARM_UP = 2000 # jobs, untimed, until the code is compiled; a client in production runs for days

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

def one(numbers) = numbers.each { |number| Job.perform_async(number, "welcome") }

def bulk(numbers, **due)
  numbers.each_slice(BULK) do |slice|
    Sidekiq::Client.push_bulk({"class" => Job, "args" => slice.map { |number| [number, "welcome"] }, **due})
  end
end

def paced(jobs, countdown)
  jobs.times do
    due = now + (countdown * 1e9).to_i
    (countdown > 0) ? Job.perform_in(countdown, due, "welcome") : Job.perform_async(due, "welcome")
    sleep(rand(0.005..0.010))
  end
end

action, jobs, argument_ms = ARGV
jobs = Integer(jobs)
seconds = Integer(argument_ms) / 1000.0

one(0...WARM_UP) if action == "one"
bulk(0...WARM_UP) if action == "bulk"
start = now
case action
when "one" then one(0...jobs)
when "bulk", "fill" then bulk(0...jobs)
when "delayed" then bulk(0...jobs, "at" => Time.now.to_f + seconds)
when "paced" then paced(jobs, seconds)
else abort("this client knows one, bulk, fill, delayed and paced, not '#{action}'.")
end
puts JSON.generate({seconds: (now - start) / 1e9})
