# frozen_string_literal: true

# Sidekiq's job, and how both sides reach Redis.
require "redis/connection/hiredis" # parses replies in C
require "sidekiq"

# What would write a line or two for each job: this Sidekiq is older than this Redis client and uses what has
# been deprecated since, and a worker logs the start and the end of a job.
Redis.silence_deprecations = true
Redis.sadd_returns_boolean = false
Sidekiq.logger.level = Logger::ERROR

Sidekiq.configure_client { |config| config.redis = {url: ENV.fetch("REDIS_URL"), size: 1} }

class Job
  include Sidekiq::Job

  def perform(number, text)
    RUN.call(number, text)
  end
end
