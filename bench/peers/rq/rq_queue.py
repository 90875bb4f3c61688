"""RQ's queue. Arguments travel as JSON, as with the other peers, rather than pickled."""
import redis
import rq
from rq.serializers import JSONSerializer

from processes import setting

settings = {"connection": redis.Redis.from_url(setting("REDIS_URL")), "serializer": JSONSerializer}
queue = rq.Queue(**settings)
