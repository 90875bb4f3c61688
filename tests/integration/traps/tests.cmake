# What the libraries below us do, which the code above has to live with.
aftercommit_test(hiredis_traps_test LABEL integration)
aftercommit_test(pqxx_traps_test LABEL integration LIBRARIES aftercommit::client)
