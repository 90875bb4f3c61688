# frozen_string_literal: true

# How Sidekiq's worker is set, and what a job of a figure does. The environment: ../shared/processes.py.
require "json"
require "pg"
require_relative "job"

FIGURE = ENV.fetch("BENCH_FIGURE")
JOBS = Integer(ENV.fetch("BENCH_JOBS"))

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

def report(line) = File.write(ENV.fetch("BENCH_REPORT"), "#{JSON.generate(line)}\n", mode: "a")

# Only the first and the last of the jobs look at the clock, and a job run twice counts once.
def drain
  lock = Mutex.new
  ran = Array.new(JOBS, false)
  left = JOBS
  first = nil
  lambda do |number, _text|
    lock.synchronize do
      next if ran[number]
      ran[number] = true
      first = now if left == JOBS
      left -= 1
      report({first_ns: first, last_ns: now}) if left == 0
    end
  end
end

def late
  lock = Mutex.new
  late_ns = []
  lambda do |due, _text|
    late = now - due
    lock.synchronize do
      late_ns << late
      report({late_ns: late_ns}) if late_ns.size == JOBS
    end
  end
end

# Each thread has a connection.
def insert
  lambda do |number, text|
    connection = Thread.current[:connection] ||= PG.connect(ENV.fetch("DATABASE_URL")).tap do |fresh|
      fresh.prepare("effect", "INSERT INTO bench_effect (id, name) VALUES ($1, $2)")
    end
    connection.transaction { connection.exec_prepared("effect", [number, text]) }
  end
end

RUN = {"drain" => method(:drain), "latency" => method(:late), "countdown" => method(:late),
       "insert" => method(:insert)}.fetch(FIGURE).call

Sidekiq.configure_server do |config|
  # Ruby runs one thread at a time; more of them would only wait for one another, unless for the database.
  config.options[:concurrency] = (FIGURE == "insert") ? Integer(ENV.fetch("BENCH_CONNECTIONS")) : 5
  config.redis = {url: ENV.fetch("REDIS_URL")}
  # Due jobs are found by polling alone, by default every 5 seconds on average, which would be the figure.
  config.options[:poll_interval_average] = 0.01 if FIGURE == "countdown"
  config.on(:startup) do
    Thread.new do
      sleep 6 if FIGURE == "countdown" # the poller waits up to 5 seconds before it starts
      report({ready: true})
    end
  end
end
