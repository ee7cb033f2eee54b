/* Any bytes as text, any number as an error or a cell: nothing is read that is not there, and what is good
 * comes back the same. */
#include "tests/fuzz/fuzz_geo.h"

void fuzz_geo_error_text(struct fuzz_input *in);
void fuzz_geo_parse(struct fuzz_input *in);
void fuzz_geo_format(struct fuzz_input *in);
void fuzz_geo_valid(struct fuzz_input *in);
void fuzz_geo_precision(struct fuzz_input *in);

void fuzz_geo_error_text(struct fuzz_input *in)
{
    require(strlen(geo_error_text((enum geo_error)fuzz_number(in, 1))) > 5);
    require(strlen(geo_error_text((enum geo_error)(int)fuzz_number(in, 4))) > 5);
}

void fuzz_geo_parse(struct fuzz_input *in)
{
    geo_cell cell = 77, again;
    char out[GEO_CELL_TEXT];
    char *text = malloc(in->size); /* of its own: no byte beyond it can be read unseen */
    require(text != NULL || in->size == 0);
    if (in->size > 0)
        memcpy(text, in->data, in->size);
    enum geo_error error = geo_parse(text, in->size, &cell);
    if (error == GEO_OK) {
        require(geo_valid(cell) && geo_format(cell, out) == in->size);
        require(geo_parse(out, in->size, &again) == GEO_OK && again == cell);
    } else {
        require(error == GEO_BAD_CHARACTER || error == GEO_BAD_LENGTH);
        require((error == GEO_BAD_LENGTH) == (in->size < 1 || in->size > GEO_MAX_PRECISION) && cell == 77);
    }
    free(text);
}

void fuzz_geo_format(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in), again;
    char out[GEO_CELL_TEXT];
    size_t length = geo_format(cell, out);
    require(length <= GEO_MAX_PRECISION && strlen(out) == length);
    require(!geo_valid(cell) || (geo_parse(out, length, &again) == GEO_OK && again == cell));
}

void fuzz_geo_valid(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in);
    int precision = (int)(cell & 15);
    bool good = precision >= 1 && precision <= GEO_MAX_PRECISION;
    for (int bit = 4; good && bit < 64 - 5 * precision; bit++)
        good = (cell >> bit & 1) == 0;
    require(geo_valid(cell) == good);
}

void fuzz_geo_precision(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in);
    int precision = geo_precision(cell);
    require(precision >= 0 && precision <= GEO_MAX_PRECISION);
    require(!geo_valid(cell) || precision == (int)(cell & 15));
}
