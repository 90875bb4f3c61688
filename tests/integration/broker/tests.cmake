# What every broker must do, run against each implementation.
aftercommit_tests(broker LABEL integration BY_SUITE LIBRARIES aftercommit::broker
  TESTS broker_aside broker_conformance broker_durable broker_home broker_lease broker_levels broker_operator
        broker_pages broker_relay)

# The same at a shard of a Redis Cluster, by one program: a cluster takes some seconds to start.
add_test(NAME BrokersInACluster.DoWhatEveryBrokerMust
         COMMAND ${PROJECT_SOURCE_DIR}/scripts/devstack run --no-fsync --redis cluster --
                 sh -c "REDIS_URL=\"$REDIS_URL&only=0\" exec \"$0\" --gtest_brief=1 --gtest_filter=*/Redis"
                 $<TARGET_FILE:broker_tests>)
set_tests_properties(BrokersInACluster.DoWhatEveryBrokerMust PROPERTIES LABELS integration TIMEOUT 300)
