/* What a signature may look like: lists of what is allowed, all else is not verified. Texts in base64 are
 * held to their one form, since a decoder that overlooks spare bits takes a changed document for the signed
 * one. */
#include "bridge/cap/signature_form.h"

#include <string.h>

#define DSIG "http://www.w3.org/2000/09/xmldsig#"

static const char *const c14n[] = {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments", "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments", "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments", NULL};
static const char *const methods[] = {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", NULL};
static const char *const digests[] = {"http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512", NULL};
static const char enveloped[] = DSIG "enveloped-signature";

static bool is(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
           strcmp((const char *)node->ns->href, DSIG) == 0 && strcmp((const char *)node->name, name) == 0;
}

bool signature_is(const xmlNode *node)
{
    return is(node, "Signature");
}

bool signature_part(const xmlNode *node)
{
    return is(node, "SignedInfo") || is(node, "SignatureValue") || is(node, "KeyInfo");
}

/* The only child of that name; NULL when there is none, or more than one. */
static const xmlNode *only(const xmlNode *parent, const char *name)
{
    const xmlNode *found = NULL;
    for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next) {
        if (!is(node, name))
            continue;
        if (found)
            return NULL;
        found = node;
    }
    return found;
}

static bool among(const xmlNode *node, const char *const *list)
{
    xmlChar *algorithm = node ? xmlGetNoNsProp(node, (const xmlChar *)"Algorithm") : NULL;
    bool found = false;
    for (; algorithm && *list && !found; list++)
        found = strcmp((const char *)algorithm, *list) == 0;
    xmlFree(algorithm);
    return found;
}

bool signature_base64(const char *text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned last = 0;
    size_t count = 0, padding = 0;
    for (; *text; text++) {
        if (strchr(" \t\r\n", *text))
            continue;
        const char *found = strchr(alphabet, *text);
        if (*text == '=' && padding < 2)
            padding++;
        else if (!found || padding)
            return false;
        else
            last = (unsigned)(found - alphabet), count++;
    }
    if (count == 0 || (count + padding) % 4 != 0)
        return false;
    return padding == 0 || (last & (padding == 1 ? 3 : 15)) == 0;
}

static bool base64_in(const xmlNode *node)
{
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    bool strict = text && signature_base64((const char *)text);
    xmlFree(text);
    return strict;
}

/* Once enveloped-signature, and at most one canonicalisation after it. */
static bool transforms_allowed(const xmlNode *transforms)
{
    static const char *const first[] = {enveloped, NULL};
    int count = 0;
    for (const xmlNode *node = transforms ? transforms->children : NULL; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (!is(node, "Transform") || count >= 2 || !among(node, count ? c14n : first))
            return false;
        count++;
    }
    return count > 0;
}

static const char *reference_wrong(const xmlNode *reference)
{
    xmlChar *uri = reference ? xmlGetNoNsProp(reference, (const xmlChar *)"URI") : NULL;
    bool whole = uri && !*uri;
    xmlFree(uri);
    if (!whole)
        return "the signature is not of the whole document, by one Reference with an empty URI";
    if (!transforms_allowed(only(reference, "Transforms")))
        return "the signature has other transforms than enveloped-signature and canonicalisation";
    return among(only(reference, "DigestMethod"), digests) ? NULL : "the digest is not SHA-256 or better";
}

enum cap_signature signature_form(const xmlNode *signature, const char **why)
{
    const xmlNode *info = only(signature, "SignedInfo"), *reference = only(info, "Reference");
    *why = NULL;
    if (!info)
        *why = "the signature has no SignedInfo";
    else if (!among(only(info, "CanonicalizationMethod"), c14n))
        *why = "the signature's canonicalisation is not one that is verified";
    else if (!among(only(info, "SignatureMethod"), methods))
        *why = "the signature is not by RSA or ECDSA with SHA-256 or better";
    else
        *why = reference_wrong(reference);
    if (*why)
        return CAP_SIGNATURE_CANNOT;
    if (!base64_in(only(reference, "DigestValue")) || !base64_in(only(signature, "SignatureValue"))) {
        *why = "the signature's base64 is not in its one form";
        return CAP_SIGNATURE_FAILED;
    }
    return CAP_SIGNATURE_GOOD;
}

xmlChar *signature_certificate(const xmlNode *signature, int number)
{
    const xmlNode *info = only(signature, "KeyInfo");
    for (const xmlNode *data = info ? info->children : NULL; data; data = data->next)
        for (const xmlNode *node = is(data, "X509Data") ? data->children : NULL; node; node = node->next)
            if (is(node, "X509Certificate") && number-- == 0)
                return xmlNodeGetContent(node);
    return NULL;
}
