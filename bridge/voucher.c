/* Vouchers on jansson and the log's key. */
#include "bridge/voucher.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/base64url.h"

/* What is behind the key is always this, so no header has to be believed. */
static const char header[] = "{\"alg\":\"EdDSA\",\"typ\":\"voucher\"}";

static struct text encoded(struct bytes data, struct arena *arena)
{
    char *text = arena_take(arena, BASE64URL_TEXT(data.len) + 4);
    return (struct text){text, base64url_encode(data, text)};
}

static json_t *text_value(struct text text)
{
    return json_stringn(text.data ? text.data : "", text.len);
}

static struct bytes payload_of(const struct voucher *voucher, struct arena *arena)
{
    char claim[2 * VOUCHER_CLAIM + 1] = "";
    for (size_t i = 0; i < voucher->claim.len && i < VOUCHER_CLAIM; i++)
        sprintf(claim + 2 * i, "%02x", voucher->claim.data[i]);
    json_t *object =
        json_pack("{s:o, s:o, s:I, s:o, s:o, s:s, s:I, s:I}", "agency", text_value(voucher->agency),
            "programme", text_value(voucher->programme), "number", (json_int_t)voucher->number, "reward",
            text_value(voucher->reward), "case", text_value(voucher->case_number), "claim", claim, "iat",
            (json_int_t)(voucher->issued_at / 1000), "exp", (json_int_t)(voucher->ends_at / 1000));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (!text)
        abort();
    struct bytes payload = {(const uint8_t *)arena_copy(arena, text, strlen(text)), strlen(text)};
    json_decref(object);
    free(text);
    return payload;
}

struct text voucher_sign(const struct log_key *key, const struct voucher *voucher, struct arena *arena)
{
    uint8_t signature[LOG_SIGNATURE];
    struct text first = encoded((struct bytes){(const uint8_t *)header, sizeof header - 1}, arena);
    struct text second = encoded(payload_of(voucher, arena), arena);
    const char *told =
        arena_printf(arena, "%.*s.%.*s", (int)first.len, first.data, (int)second.len, second.data);
    log_key_sign(key, (struct bytes){(const uint8_t *)told, strlen(told)}, signature);
    struct text third = encoded((struct bytes){signature, sizeof signature}, arena);
    return text_of(arena_printf(arena, "%s.%.*s", told, (int)third.len, third.data));
}

/* ---- reading ---- */

static struct text member(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *value = json_object_get(object, name);
    size_t len = json_string_length(value);
    return len ? (struct text){arena_copy(arena, json_string_value(value), len), len} : (struct text){0};
}

static bool read_claim(struct text hex, struct arena *arena, struct bytes *out)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *claim = arena_take(arena, VOUCHER_CLAIM);
    if (hex.len == 0)
        return true;
    for (size_t i = 0; i < hex.len && hex.len == 2 * VOUCHER_CLAIM; i++) {
        const char *digit = memchr(digits, hex.data[i], sizeof digits - 1);
        if (!digit)
            return false;
        claim[i / 2] = (uint8_t)(claim[i / 2] << 4 | (digit - digits));
    }
    *out = (struct bytes){claim, VOUCHER_CLAIM};
    return hex.len == 2 * VOUCHER_CLAIM;
}

static bool read_payload(struct bytes payload, struct arena *arena, struct voucher *out)
{
    json_t *object = json_loadb((const char *)payload.data, payload.len, JSON_REJECT_DUPLICATES, NULL);
    json_int_t number = json_integer_value(json_object_get(object, "number"));
    *out = (struct voucher){.agency = member(object, "agency", arena),
        .programme = member(object, "programme", arena),
        .reward = member(object, "reward", arena),
        .case_number = member(object, "case", arena),
        .number = (uint32_t)number,
        .issued_at = json_integer_value(json_object_get(object, "iat")) * 1000,
        .ends_at = json_integer_value(json_object_get(object, "exp")) * 1000};
    bool good = number > 0 && number <= UINT32_MAX && out->agency.len && out->programme.len && out->ends_at &&
                read_claim(member(object, "claim", arena), arena, &out->claim);
    json_decref(object);
    return good;
}

static bool decoded(struct text text, struct arena *arena, struct bytes *out)
{
    uint8_t *data = arena_take(arena, text.len + 1);
    out->data = data;
    return base64url_decode(text, data, text.len + 1, &out->len);
}

static const char not_signed[] = "not signed by this broker's log key";

bool voucher_check(const uint8_t public_key[LOG_KEY], struct text text, int64_t now, struct arena *arena,
    struct voucher *out, const char **why)
{
    const char *dot = text.len ? memchr(text.data, '.', text.len) : NULL;
    const char *last = text.len ? memrchr(text.data, '.', text.len) : NULL;
    struct bytes head, payload, signature;
    *why = "not a voucher";
    if (!dot || last == dot || text.len > LIMIT_VOUCHER)
        return false;
    size_t told = (size_t)(last - text.data);
    if (!decoded((struct text){text.data, (size_t)(dot - text.data)}, arena, &head) ||
        !decoded((struct text){dot + 1, (size_t)(last - dot - 1)}, arena, &payload) ||
        !decoded((struct text){last + 1, text.len - told - 1}, arena, &signature) ||
        head.len != sizeof header - 1 || memcmp(head.data, header, head.len) != 0)
        return false;
    *why = not_signed;
    if (signature.len != LOG_SIGNATURE ||
        !log_key_check(public_key, (struct bytes){(const uint8_t *)text.data, told}, signature.data))
        return false;
    *why = "signed, but not a voucher";
    if (!read_payload(payload, arena, out))
        return false;
    *why = "its time is over";
    return now < out->ends_at;
}

bool voucher_check_any(const struct log_public *keys, struct text text, int64_t now, struct arena *arena,
    struct voucher *out, const char **why)
{
    const struct log_formers *formers = &keys->formers;
    bool good = voucher_check(keys->key, text, now, arena, out, why);
    for (size_t i = 0; !good && *why == not_signed && i < formers->count; i++)
        good = log_succession_leads(formers, formers->keys[i].public_key, keys->key) &&
               voucher_check(formers->keys[i].public_key, text, now, arena, out, why);
    return good;
}

bool voucher_is_claimed_by(const struct voucher *voucher, struct text code)
{
    uint8_t digest[VOUCHER_CLAIM];
    return voucher->claim.len == VOUCHER_CLAIM && code.len &&
           EVP_Digest(code.data, code.len, digest, NULL, EVP_sha256(), NULL) == 1 &&
           CRYPTO_memcmp(digest, voucher->claim.data, VOUCHER_CLAIM) == 0;
}
