({id}, {queue}, coalesce(to_timestamp({eta_ms} / 1000.0), clock_timestamp() + {countdown_ms} * interval '1 millisecond'), {envelope})
