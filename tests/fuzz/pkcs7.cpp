// SPDX-License-Identifier: Apache-2.0
#include "verity/pkcs7.hpp"

#include "fuzz.hpp"

namespace {

// Its key was thrown away when it was made, so whatever is said to be signed by it is not.
constexpr const char *certificate = R"(-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIUCmldWrp8NVtlhHW9SjwJXj4iku0wCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLc3RyYWtlIGZ1enowIBcNMjYxMTIzMDkyODEwWhgPMjEyNjEw
MzAwOTI4MTBaMBYxFDASBgNVBAMMC3N0cmFrZSBmdXp6MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEWcbTPZDxTdrmAJgMTYs6E6d++8ysTyAqcV90k3ByXs1nBahE
ioZeqhgyssU9aDc7peDW1kPwv3UZS6AtFIr1hKNTMFEwHQYDVR0OBBYEFGR3UCV8
uwUkHUr41DHF1TV0OVOWMB8GA1UdIwQYMBaAFGR3UCV8uwUkHUr41DHF1TV0OVOW
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAOGztpKp41YOxuUs
eK0BWjKjeO7ajhxZtLUMPNVjtgb2AiBPHx1pQtwcy+grRp3qknPO0mkLWLf+xi2o
tsk8cmmlnA==
-----END CERTIFICATE-----
)";

} // namespace

// OpenSSL 3.0 loses some hundred bytes of a message that names a digest it does not know, which
// this target finds at once; what else it finds is of more use.
// NOLINTNEXTLINE: the name is the leak checker's
extern "C" const char *__lsan_default_suppressions()
{
  return "leak:libcrypto";
}

// A signature or a certificate made of any bytes at all is refused with a reason: the input is the
// one, then the other.
const fuzz::Registered
    pkcs7({"pkcs7", {}, [](std::string_view input) {
             const verity::Sha256 root_hash{};
             for (const std::string &pem : {std::string(certificate), std::string(input)}) {
               const auto verdict = verity::verify_root_hash(
                   root_hash, input, std::nullopt, {{"/etc/verity.d/a.crt", pem}});
               fuzz::demand(!verdict.trusted && !verdict.why.empty(),
                            "what nobody signed is not trusted, and it is said why");
             }
           }});
