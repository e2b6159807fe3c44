// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"

#include "base/handles.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace support {

namespace {

using Key = base::Unique<EVP_PKEY, EVP_PKEY_free>;
using Certificate = base::Unique<X509, X509_free>;
using Memory = base::Unique<BIO, BIO_free_all>;

void require(bool good)
{
  if (!good)
    throw std::runtime_error("a certificate for the tests cannot be made");
}

Key new_key()
{
  Key key(EVP_EC_gen("P-256"));
  require(key != nullptr);
  return key;
}

std::string text_of(BIO *memory)
{
  char *data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(X509 *certificate)
{
  const Memory memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate) == 1);
  return text_of(memory.get());
}

std::string pem(EVP_PKEY *key)
{
  const Memory memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(memory.get());
}

Certificate blank(const std::string &name, EVP_PKEY *key, std::chrono::hours from)
{
  static long serial = 1;
  Certificate certificate(X509_new());
  require(certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  const std::chrono::seconds start = from;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), start.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), start.count() + 86400);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()),
                             "CN",
                             MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char *>(name.c_str()),
                             -1,
                             -1,
                             0);
  return certificate;
}

void extend(X509 *certificate, X509 *issuer, int which, const std::string &value)
{
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const base::Unique<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
  require(extension != nullptr);
  require(X509_add_ext(certificate, extension.get(), -1) == 1);
}

} // namespace

struct Authority::Material {
  Key key;
  Certificate certificate;

  [[nodiscard]] Identity
  sign(const std::string &name, const std::string &hosts, std::chrono::hours from) const
  {
    const Key leaf_key = new_key();
    const Certificate leaf = blank(name, leaf_key.get(), from);
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate.get()));
    extend(leaf.get(), certificate.get(), NID_subject_alt_name, hosts);
    require(X509_sign(leaf.get(), key.get(), EVP_sha256()) != 0);
    return {pem(leaf.get()), pem(leaf_key.get())};
  }
};

Authority::Authority(const std::string &name)
{
  Key key = new_key();
  Certificate own = blank(name, key.get(), std::chrono::hours(-48));
  X509_gmtime_adj(X509_getm_notAfter(own.get()), 10L * 86400);
  X509_set_issuer_name(own.get(), X509_get_subject_name(own.get()));
  extend(own.get(), own.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(own.get(), own.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(own.get(), key.get(), EVP_sha256()) != 0);
  certificate_ = pem(own.get());
  material_ = std::make_unique<Material>(Material{std::move(key), std::move(own)});
}

Authority::~Authority() = default;

Identity Authority::issue(const std::string &name, std::chrono::hours from) const
{
  return material_->sign(name, "IP:127.0.0.1,IP:::1,DNS:localhost", from);
}

Identity Authority::issue_for_host(const std::string &host) const
{
  return material_->sign(host, "DNS:" + host, std::chrono::hours(-1));
}

} // namespace support
