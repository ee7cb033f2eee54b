/* Verification by xmlsec1: which attempts are made, and what their answers come to. Each attempt works on a
 * tree of its own. */
#include "bridge/cap/signature.h"

#include <libxml/parser.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include "bridge/cap/cap_inside.h"
#include "bridge/cap/signature_form.h"

enum {
    SIGNATURES_MAX = 4,
    CERTIFICATES_MAX = 4,
    CERTIFICATE_BYTES = 32 * 1024,
    NAMESPACES_MAX = 128,   /* canonicalisation looks at all of them at each element */
    NODES_MAX = 150 * 1000, /* of a tree, which takes about 240 bytes for each */
    BYTE_COSTS = 4,         /* of one attempt, about a nanosecond each */
    NODE_COSTS = 200,
    BUDGET = 60 * 1000 * 1000
};

static const char wrong[] = "the signature does not fit the document and the key",
                  odd[] = "the signature's structure is not one that is verified",
                  too_much[] = "the document cannot be read, or is too large to verify";

/* A document, and what attempts on it may still cost. */
struct work {
    struct bytes utf8;
    int64_t cost, left;
};

/* xmlsec1 is one for the whole process: this is where a library forces state upon us. */
static bool ready(void)
{
    static enum { NOT_YET, READY, BROKEN } state = NOT_YET;
    if (state != NOT_YET)
        return state == READY;
    bool good = xmlSecInit() == 0 && xmlSecCryptoAppInit(NULL) == 0 && xmlSecCryptoInit() == 0;
    xmlSecErrorsDefaultCallbackEnableOutput(0);
    xmlSecIOCleanupCallbacks();
    state = good ? READY : BROKEN;
    return good;
}

/* ---- trees ---- */

struct cost {
    size_t elements, namespaces;
};

static bool affordable(const xmlNode *node, unsigned depth, struct cost *cost)
{
    for (; node; node = node->next) {
        if (node->type == XML_DTD_NODE || node->type == XML_ENTITY_REF_NODE)
            return false;
        if (node->type != XML_ELEMENT_NODE)
            continue;
        size_t attributes = 0;
        for (const xmlNs *ns = node->nsDef; ns; ns = ns->next)
            attributes++, cost->namespaces++;
        for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
            attributes++;
        if (++cost->elements > CAP_ELEMENTS_MAX || attributes > CAP_ATTRIBUTES_MAX || depth > CAP_DEPTH_MAX ||
            cost->namespaces > NAMESPACES_MAX || !affordable(node->children, depth + 1, cost))
            return false;
    }
    return true;
}

static xmlDoc *parse(struct bytes utf8)
{
    enum { QUIET = XML_PARSE_NOERROR | XML_PARSE_NOWARNING };
    xmlDoc *tree =
        xmlReadMemory((const char *)utf8.data, (int)utf8.len, NULL, "UTF-8", XML_PARSE_NONET | QUIET);
    struct cost cost = {0};
    if (tree && affordable(tree->children, 0, &cost))
        return tree;
    xmlFreeDoc(tree);
    return NULL;
}

/* Drops processing instructions, and the blanks beside elements. */
static void drop_blanks(xmlNode *parent)
{
    bool has_elements = false;
    for (const xmlNode *node = parent->children; node; node = node->next)
        has_elements |= node->type == XML_ELEMENT_NODE;
    for (xmlNode *node = parent->children, *next; node; node = next) {
        next = node->next;
        if (node->type == XML_PI_NODE || (has_elements && xmlIsBlankNode(node))) {
            xmlUnlinkNode(node);
            xmlFreeNode(node);
        } else if (node->type == XML_ELEMENT_NODE) {
            drop_blanks(node);
        }
    }
}

/* The number-th signature of the document. */
static xmlNode *find(const xmlDoc *tree, int number)
{
    const xmlNode *root = xmlDocGetRootElement(tree);
    for (xmlNode *node = root ? root->children : NULL; node; node = node->next)
        if (signature_is(node) && number-- == 0)
            return node;
    return NULL;
}

static void drop_others(xmlDoc *tree, const xmlNode *kept)
{
    for (xmlNode *node = xmlDocGetRootElement(tree)->children, *next; node; node = next) {
        next = node->next;
        if (node == kept || !signature_is(node))
            continue;
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

/* An Object in the Signature is not of what it signs; that of Canada's network is in no namespace, for which
 * xmlsec1 would refuse the whole. True when there was one of those: its signer has a way of its own. */
static bool drop_objects(xmlNode *signature)
{
    bool strange = false;
    for (xmlNode *node = signature->children, *next; node; node = next) {
        next = node->next;
        if (node->type != XML_ELEMENT_NODE || signature_part(node))
            continue;
        strange |= !node->ns || node->ns->href == NULL || !xmlStrEqual(node->ns->href, signature->ns->href);
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
    return strange;
}

/* ---- one attempt ---- */

static xmlSecDSigCtx *new_context(void)
{
    xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
    if (!context)
        abort();
    context->enabledReferenceUris = xmlSecTransformUriTypeEmpty;
    context->flags = XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
    return context;
}

/* CANNOT: xmlsec1 did not come to an end. */
static enum cap_signature verify(xmlNode *signature, const xmlSecKey *key)
{
    xmlSecDSigCtx *context = new_context();
    context->signKey = xmlSecKeyDuplicate((xmlSecKey *)key);
    bool ended = context->signKey && xmlSecDSigCtxVerify(context, signature) == 0;
    bool good = ended && context->status == xmlSecDSigStatusSucceeded;
    xmlSecDSigCtxDestroy(context);
    return good ? CAP_SIGNATURE_GOOD : ended ? CAP_SIGNATURE_FAILED : CAP_SIGNATURE_CANNOT;
}

/* One signature in one way: with the key given, or with each certificate that stands in it. */
static enum cap_signature attempt(
    struct bytes utf8, int number, const xmlSecKey *key, bool blanks, bool others)
{
    xmlDoc *tree = parse(utf8);
    xmlNode *signature = tree ? find(tree, number) : NULL;
    if (signature && !others)
        drop_others(tree, signature);
    if (signature && !blanks)
        drop_blanks((xmlNode *)tree);
    bool strange = signature && drop_objects(signature);
    enum cap_signature answer = signature ? verify(signature, key) : CAP_SIGNATURE_CANNOT;
    xmlFreeDoc(tree);
    return strange && answer == CAP_SIGNATURE_FAILED ? CAP_SIGNATURE_CANNOT : answer;
}

static enum cap_signature attempts(
    struct work *work, int number, bool several, const xmlSecKey *key, const char **why)
{
    enum cap_signature answer = CAP_SIGNATURE_CANNOT;
    for (int blanks = 1; blanks >= 0; blanks--)
        for (int others = 1; others >= !several; others--) {
            work->left -= work->cost;
            if (work->left < 0) {
                *why = too_much;
                return CAP_SIGNATURE_CANNOT;
            }
            enum cap_signature one = attempt(work->utf8, number, key, blanks, others);
            if (one == CAP_SIGNATURE_GOOD)
                return one;
            if (one == CAP_SIGNATURE_FAILED)
                answer = one;
        }
    *why = answer == CAP_SIGNATURE_FAILED ? wrong : odd;
    return answer;
}

/* ---- keys ---- */

static xmlSecKey *key_of_pem(struct text pem)
{
    return xmlSecCryptoAppKeyLoadMemory(
        (const xmlSecByte *)pem.data, pem.len, xmlSecKeyDataFormatCertPem, NULL, NULL, NULL);
}

/* Of base64 whose form was looked at. */
static xmlSecKey *key_of_base64(const char *text)
{
    unsigned char *der = malloc(CERTIFICATE_BYTES);
    EVP_ENCODE_CTX *decoding = EVP_ENCODE_CTX_new();
    int len = 0, last = 0;
    size_t size = strlen(text);
    if (!der || !decoding)
        abort();
    EVP_DecodeInit(decoding);
    bool good = size <= CERTIFICATE_BYTES &&
                EVP_DecodeUpdate(decoding, der, &len, (const unsigned char *)text, (int)size) >= 0 &&
                EVP_DecodeFinal(decoding, der + len, &last) == 1;
    xmlSecKey *key = good ? xmlSecCryptoAppKeyLoadMemory(
                                der, (xmlSecSize)(len + last), xmlSecKeyDataFormatCertDer, NULL, NULL, NULL)
                          : NULL;
    EVP_ENCODE_CTX_free(decoding);
    free(der);
    return key;
}

static enum cap_signature by_own_certificates(
    struct work *work, const xmlDoc *tree, int number, bool several, const char **why)
{
    enum cap_signature answer = CAP_SIGNATURE_CANNOT;
    *why = "the signature holds no certificate to verify it with";
    for (int i = 0; i < CERTIFICATES_MAX && answer != CAP_SIGNATURE_GOOD; i++) {
        xmlChar *text = signature_certificate(find(tree, number), i);
        if (!text)
            break;
        bool strict = signature_base64((const char *)text);
        xmlSecKey *key = strict ? key_of_base64((const char *)text) : NULL;
        answer = key ? attempts(work, number, several, key, why) : CAP_SIGNATURE_FAILED;
        if (!key)
            *why = strict ? "the certificate in the signature cannot be read"
                          : "the certificate's base64 is not in its one form";
        xmlSecKeyDestroy(key);
        xmlFree(text);
    }
    return answer;
}

/* ---- all signatures of a document ---- */

/* Good when one is; else failed when one failed. key NULL: each by its own certificate. */
static enum cap_signature check_tree(
    struct work *work, const xmlDoc *tree, const xmlSecKey *key, const char **why)
{
    enum cap_signature answer = CAP_SIGNATURE_NONE;
    bool several = find(tree, 1) != NULL;
    for (int i = 0; i < SIGNATURES_MAX && find(tree, i); i++) {
        const char *reason = NULL;
        enum cap_signature one = signature_form(find(tree, i), &reason);
        if (one == CAP_SIGNATURE_GOOD)
            one = key ? attempts(work, i, several, key, &reason)
                      : by_own_certificates(work, tree, i, several, &reason);
        if (key && reason == odd) { /* as with a key of another kind */
            one = CAP_SIGNATURE_FAILED;
            reason = wrong;
        }
        if (one == CAP_SIGNATURE_GOOD) {
            *why = NULL;
            return one;
        }
        if (answer != CAP_SIGNATURE_FAILED) {
            answer = one;
            *why = reason;
        }
    }
    return answer;
}

/* How many nodes its tree has at most: a tag begins one, and its text, an attribute has two. */
static size_t count_nodes(struct bytes utf8)
{
    size_t count = 0;
    for (size_t i = 0; i < utf8.len; i++)
        count += utf8.data[i] == '<' ? 1 : utf8.data[i] == '=' ? 2 : 0;
    return count;
}

static enum cap_signature check(struct bytes document, const xmlSecKey *key, const char **why)
{
    struct cap_findings findings = {0};
    struct arena arena;
    struct cap_gate gate;
    enum cap_signature answer = CAP_SIGNATURE_CANNOT;
    arena_init(&arena, NULL, 0);
    struct cap_context context = {.mode = CAP_TOLERANT, .arena = &arena, .findings = &findings};
    bool open = cap_gate(&context, document, &gate);
    size_t nodes = open ? count_nodes(gate.utf8) : 0;
    xmlDoc *tree = open && nodes <= NODES_MAX ? parse(gate.utf8) : NULL;
    *why = too_much;
    if (tree) {
        int64_t cost = (int64_t)gate.utf8.len * BYTE_COSTS + (int64_t)nodes * NODE_COSTS;
        struct work work = {gate.utf8, cost, BUDGET - cost / 2};
        *why = NULL;
        answer = check_tree(&work, tree, key, why);
    }
    xmlFreeDoc(tree);
    arena_free(&arena);
    return answer;
}

enum cap_signature cap_signature_check(struct bytes document, struct text certificate_pem, const char **why)
{
    *why = "the enrolled certificate cannot be read";
    xmlSecKey *key = ready() && certificate_pem.len ? key_of_pem(certificate_pem) : NULL;
    if (!key)
        return CAP_SIGNATURE_CANNOT;
    enum cap_signature answer = check(document, key, why);
    xmlSecKeyDestroy(key);
    return answer;
}

enum cap_signature cap_signature_integrity(struct bytes document, const char **why)
{
    *why = "signatures cannot be verified in this process";
    return ready() ? check(document, NULL, why) : CAP_SIGNATURE_CANNOT;
}
