/// Stands for libaftercommit_client.so.0.1: a name, and nothing else.
int of_the_library_of_0_1();
int of_the_library_of_0_1() { return 1; }
