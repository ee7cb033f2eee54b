/* The fuzzer of one public function of geo/: the build says which (geo.cmake). */
#include "tests/fuzz/fuzz_geo.h"

void FUZZ_FUNCTION(struct fuzz_input *in);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    FUZZ_FUNCTION(&in);
    return 0;
}
