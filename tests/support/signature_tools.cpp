// SPDX-License-Identifier: Apache-2.0
#include "support/signature_tools.hpp"

#include <doctest/doctest.h>

#include <span>

namespace support {

std::chrono::sys_seconds now()
{
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

bool OnlyTool::exists(const std::string &program)
{
  return program == tool_;
}

void OnlyTool::start(const base::Command &command)
{
  runner_.start(command);
}

base::Finished OnlyTool::run(const base::Command &command)
{
  REQUIRE(command.argv.front() == tool_);
  return runner_.run(command);
}

verity::Keyring ring_of(const std::string &keys)
{
  return {{"ring", verity::unpack_keyring(keys, "ring")}};
}

verity::Verdict ask(const std::string &tool,
                    const verity::Keyring &ring,
                    const std::string &data,
                    const std::string &signature)
{
  OnlyTool programs(tool);
  return verity::verify_openpgp(
      programs, ring, std::as_bytes(std::span(data)), std::as_bytes(std::span(signature)), now());
}

/// Asks both tools, which must agree; gives gpgv's words.
verity::Verdict
ask_both(const verity::Keyring &ring, const std::string &data, const std::string &signature)
{
  const verity::Verdict sqv = ask("sqv", ring, data, signature);
  verity::Verdict gpgv = ask("gpgv", ring, data, signature);
  CHECK_MESSAGE(sqv.trusted == gpgv.trusted, "sqv: " << sqv.why << " gpgv: " << gpgv.why);
  CHECK(sqv.fingerprint == gpgv.fingerprint);
  CHECK(sqv.signed_at == gpgv.signed_at);
  CHECK(sqv.trusted == sqv.why.empty());
  CHECK(gpgv.trusted == gpgv.why.empty());
  return gpgv;
}

} // namespace support
