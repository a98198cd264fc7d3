/* The main of an emitted program: hands its compiled program to the runtime. */
#include "runtime/core/abi.h"

extern const vs_program vescale_program;

int vescale_start_main(int argc, char **argv);

int vescale_start_main(int argc, char **argv) {
  return vs_main(argc, argv, &vescale_program);
}
