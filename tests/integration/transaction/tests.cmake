# What is committed and what is rolled back, and which tasks go with it.
foreach(subject
        atomic atomic_options broken_transaction commit_in_doubt manual_transaction on_commit random_nesting savepoint
        transaction_begin transaction_fork transaction_thread transaction_use)
  aftercommit_test(${subject}_test LABEL integration LIBRARIES test_payments)
endforeach()
aftercommit_test(atomic_requests_test LABEL integration LIBRARIES test_payments httplib::httplib)
