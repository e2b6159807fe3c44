// SPDX-License-Identifier: Apache-2.0
#include "bakery/openpgp_signer.hpp"
#include "base/error.hpp"
#include "support/gpg_home.hpp"
#include "support/test_host.hpp"
#include "verity/openpgp.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("bakery/openpgp_signer");

TEST_CASE("what gpg signed for us is good by the key that it gives away")
{
  support::GpgHome home;
  home.make_key("publisher");
  support::TestHost machine;
  machine.host.environment["GNUPGHOME"] = home.path("");
  const bakery::OpenPgpSigner signer(machine.host, "publisher");
  const std::string text = "hash *name\n";
  const std::string signature = signer.sign(text);
  const verity::Keyring ring = {{"ring", verity::unpack_keyring(signer.public_key(), "ring")}};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
                   std::chrono::hours(1);
  const auto judge = [&](const std::string &signed_text) {
    return verity::verify_openpgp(machine.programs,
                                  ring,
                                  std::as_bytes(std::span(signed_text)),
                                  std::as_bytes(std::span(signature)),
                                  now)
        .trusted;
  };
  CHECK(judge(text));
  CHECK_FALSE(judge(text + "\n"));
}

TEST_CASE("without the secret key it says so, with the name it was given")
{
  const support::GpgHome home;
  support::TestHost machine;
  machine.host.environment["GNUPGHOME"] = home.path("");
  try {
    (void)bakery::OpenPgpSigner(machine.host, "nobody").sign("text");
    FAIL("it signed");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    CHECK(std::string(error.what()).find("\"nobody\"") != std::string::npos);
  }
}
