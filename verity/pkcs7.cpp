// SPDX-License-Identifier: Apache-2.0
#include "verity/pkcs7.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <array>
#include <new>
#include <span>
#include <utility>

namespace verity {

namespace {

using Certificate = base::Unique<X509, X509_free>;
using Message = base::Unique<PKCS7, PKCS7_free>;
using PrivateKey = base::Unique<EVP_PKEY, EVP_PKEY_free>;
using Memory = base::Unique<BIO, BIO_free>;

struct CertificatesFree {
  void operator()(STACK_OF(X509) * certificates) const { sk_X509_free(certificates); }
};

/// A list that does not own what is in it.
using Certificates = std::unique_ptr<STACK_OF(X509), CertificatesFree>;

/// A certificate has some kilobytes.
constexpr off_t pem_limit = 1 << 20;

// Only the pinned certificates count, not those in the message; and they count as they are.
constexpr int pinned_only = PKCS7_NOINTERN | PKCS7_NOVERIFY;

Memory memory_of(std::string_view text)
{
  Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!memory)
    throw std::bad_alloc();
  return memory;
}

Certificate parse_certificate(std::string_view pem)
{
  const Memory memory = memory_of(pem);
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

Sha256 fingerprint_of(const Certificate &certificate)
{
  Sha256 result{};
  unsigned length = 0;
  if (X509_digest(certificate.get(),
                  EVP_sha256(),
                  reinterpret_cast<unsigned char *>(result.data()),
                  &length) != 1 ||
      length != result.size())
    base::fail(base::Kind::internal, "OpenSSL cannot compute the fingerprint of a certificate");
  return result;
}

Certificate signer_certificate(std::string_view pem)
{
  Certificate certificate = parse_certificate(pem);
  ERR_clear_error();
  if (!certificate)
    base::fail(base::Kind::config, "this is no certificate in PEM form");
  return certificate;
}

/// Nobody is asked for a passphrase: who signs unattended has a key without, or a token.
int no_passphrase(char * /*buffer*/, int /*size*/, int /*writing*/, void * /*data*/)
{
  return -1;
}

PrivateKey parse_key(std::string_view pem)
{
  const Memory memory = memory_of(pem);
  PrivateKey key(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key)
    base::fail(base::Kind::config, "this is no private key in PEM form without a passphrase");
  return key;
}

void free_by_openssl(unsigned char *data)
{
  OPENSSL_free(data);
}

Message parse_message(std::string_view signature)
{
  const auto *data = reinterpret_cast<const unsigned char *>(signature.data());
  Message message(d2i_PKCS7(nullptr, &data, static_cast<long>(signature.size())));
  if (message && PKCS7_type_is_signed(message.get()) == 0)
    message.reset();
  return message;
}

struct Signer {
  std::string path;
  Certificate certificate;
};

Certificates list_of(std::span<const Signer> signers)
{
  Certificates list(sk_X509_new_null());
  if (!list)
    throw std::bad_alloc();
  for (const Signer &signer : signers)
    if (sk_X509_push(list.get(), signer.certificate.get()) == 0)
      throw std::bad_alloc();
  return list;
}

/// A message names each signer by issuer and serial number.
bool names(const Message &message, const Certificate &certificate)
{
  STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(message.get());
  for (int index = 0; index < sk_PKCS7_SIGNER_INFO_num(signers); ++index) {
    const PKCS7_ISSUER_AND_SERIAL *said =
        sk_PKCS7_SIGNER_INFO_value(signers, index)->issuer_and_serial;
    if (said != nullptr &&
        X509_NAME_cmp(said->issuer, X509_get_issuer_name(certificate.get())) == 0 &&
        ASN1_INTEGER_cmp(said->serial, X509_get0_serialNumber(certificate.get())) == 0)
      return true;
  }
  return false;
}

bool is_good(const Message &message, const Certificates &list, const Sha256 &root_hash)
{
  const std::string text = hex(root_hash);
  const Memory memory = memory_of(text);
  const bool good =
      PKCS7_verify(message.get(), list.get(), nullptr, memory.get(), nullptr, pinned_only) == 1;
  ERR_clear_error();
  return good;
}

/// The certificate whose key made the signature. Each is tried alone, since two may have the same
/// issuer and number; then all together, since a message with several signers needs each of them.
const Signer *
find_signer(const Message &message, const std::vector<Signer> &signers, const Sha256 &root_hash)
{
  for (const Signer &signer : signers)
    if (is_good(message, list_of({&signer, 1}), root_hash))
      return &signer;
  return signers.size() > 1 && is_good(message, list_of(signers), root_hash) ? &signers.front()
                                                                             : nullptr;
}

RootHashVerdict refuse(std::string why)
{
  return {.trusted = false, .why = std::move(why)};
}

RootHashVerdict judge(const Message &message,
                      const Sha256 &root_hash,
                      const std::optional<Sha256> &said,
                      const std::vector<Signer> &signers)
{
  const Signer *signer = find_signer(message, signers, root_hash);
  if (signer == nullptr)
    return refuse(fmt::format("the signature claims to be made with {}, but it is not one of the "
                              "root hash {}",
                              signers.front().path,
                              hex(root_hash)));
  const Sha256 fingerprint = fingerprint_of(signer->certificate);
  if (said && *said != fingerprint)
    return refuse(fmt::format("the image says that the certificate {} signed it, but it was {}, "
                              "whose fingerprint is {}",
                              hex(*said),
                              signer->path,
                              hex(fingerprint)));
  return {.trusted = true, .why = {}, .certificate = signer->path, .fingerprint = fingerprint};
}

} // namespace

std::vector<PinnedCertificate> read_pinned_certificates(const base::Dir &root)
{
  const std::array<std::string, 4> directories = {
      "/etc/verity.d", "/run/verity.d", "/usr/local/lib/verity.d", "/usr/lib/verity.d"};
  std::vector<PinnedCertificate> certificates;
  for (const base::ConfigFile &file : base::find_config_files(root, directories, ".crt")) {
    // What cannot be a certificate is in the list without a text: it must not keep images from
    // being opened that others signed.
    const auto status = root.target_status(file.path);
    const bool may_be_one = status && S_ISREG(status->st_mode) && status->st_size <= pem_limit;
    certificates.push_back({file.path, may_be_one ? root.text(file.path).value_or("") : ""});
  }
  return certificates;
}

RootHashVerdict verify_root_hash(const Sha256 &root_hash,
                                 std::string_view signature,
                                 const std::optional<Sha256> &signer,
                                 const std::vector<PinnedCertificate> &certificates)
{
  ERR_clear_error();
  const Message message = signature.size() > pkcs7_limit ? nullptr : parse_message(signature);
  ERR_clear_error();
  if (!message)
    return refuse("the signature is no PKCS#7 signature in DER form");
  if (certificates.empty())
    return refuse("there is no certificate to check the signature with; put that of the signer in "
                  "/etc/verity.d/NAME.crt");
  std::vector<Signer> signers;
  std::string unreadable;
  for (const PinnedCertificate &pinned : certificates) {
    Certificate certificate = parse_certificate(pinned.pem);
    ERR_clear_error();
    if (!certificate)
      unreadable += fmt::format("; {} holds no certificate in PEM form", pinned.path);
    else if (names(message, certificate))
      signers.push_back({pinned.path, std::move(certificate)});
  }
  if (signers.empty())
    return refuse(fmt::format("the signer is none of the {} in verity.d; if it is to be trusted, "
                              "put its certificate in /etc/verity.d/NAME.crt{}",
                              certificates.size(),
                              unreadable));
  return judge(message, root_hash, signer, signers);
}

std::string sign_root_hash(const Sha256 &root_hash, const RootHashSigner &signer)
{
  const Certificate certificate = signer_certificate(signer.certificate_pem);
  const PrivateKey key = parse_key(signer.key_pem);
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    base::fail(base::Kind::config, "the certificate is not that of the key");
  }
  const std::string text = hex(root_hash);
  const Memory memory = memory_of(text);
  const Message message(PKCS7_sign(certificate.get(),
                                   key.get(),
                                   nullptr,
                                   memory.get(),
                                   PKCS7_DETACHED | PKCS7_BINARY | PKCS7_NOATTR | PKCS7_NOCERTS));
  ERR_clear_error();
  if (!message)
    base::fail(base::Kind::config,
               "the key cannot make a PKCS#7 signature; take an EC key (P-256) or an RSA key");
  unsigned char *data = nullptr;
  const int length = i2d_PKCS7(message.get(), &data);
  if (length < 0)
    throw std::bad_alloc();
  const base::Unique<unsigned char, free_by_openssl> owned(data);
  return {reinterpret_cast<const char *>(data), static_cast<std::size_t>(length)};
}

Sha256 certificate_fingerprint(std::string_view pem)
{
  return fingerprint_of(signer_certificate(pem));
}

} // namespace verity
