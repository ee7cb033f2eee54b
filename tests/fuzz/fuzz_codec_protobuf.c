/* Any bytes as protobuf of any message: nothing is read behind them, and what is taken survives both
 * encodings. */
#include "tests/fuzz/fuzz_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_codec(ENCODING_PROTOBUF, data, size);
    return 0;
}
