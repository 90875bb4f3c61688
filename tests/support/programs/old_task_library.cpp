/// A task library that was built against another version of aftercommit.
extern "C" __attribute__((visibility("default"))) int aftercommit_task_library_abi() { return 0; }
