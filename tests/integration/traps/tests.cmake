# What the libraries below us do, which the code above has to live with.
aftercommit_tests(traps LABEL integration LIBRARIES aftercommit::client TESTS hiredis_traps pqxx_traps)
