# What is committed and what is rolled back, and which tasks go with it.
aftercommit_tests(transaction LABEL integration BY_SUITE LIBRARIES test_payments httplib::httplib
  TESTS atomic atomic_options atomic_requests broken_transaction commit_in_doubt manual_transaction on_commit random_nesting
        savepoint transaction_begin transaction_fork transaction_thread transaction_use)
