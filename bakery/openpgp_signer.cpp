// SPDX-License-Identifier: Apache-2.0
#include "bakery/openpgp_signer.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"

#include <cctype>

namespace bakery {

namespace {

/// Somebody may have to find a card or remember a passphrase.
constexpr std::chrono::minutes patience{5};

/// Where gpg finds its keys, and the terminal on which its agent may ask.
std::vector<std::string> environment_of(const base::Host &host)
{
  std::vector<std::string> lines;
  for (const char *name : {"HOME", "GNUPGHOME", "GPG_TTY"})
    if (const auto value = host.variable(name))
      lines.push_back(fmt::format("{}={}", name, *value));
  return lines;
}

std::string without_end(std::string text)
{
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.pop_back();
  return text;
}

} // namespace

std::string OpenPgpSigner::run(std::vector<std::string> arguments, std::string_view input) const
{
  if (!host_.programs.exists("gpg"))
    base::fail(base::Kind::config, "gpg is not installed, and --gpg-key= needs it to sign");
  base::Command command{.argv = {"gpg", "--batch", "--quiet", "--no-tty"},
                        .environment = environment_of(host_),
                        .limit = patience,
                        .inputs = {std::as_bytes(std::span(input))}};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  const base::Finished done = host_.programs.run(command);
  if (done.status != 0 || done.output.empty())
    base::fail(base::Kind::config,
               "gpg cannot use the key \"{}\": {}",
               base::printable(key_),
               base::printable(without_end(done.errors)));
  return done.output;
}

std::string OpenPgpSigner::sign(std::string_view text) const
{
  return run(
      {"--local-user", key_, "--no-armor", "--output", "-", "--detach-sign", base::input_path(0)},
      text);
}

std::string OpenPgpSigner::public_key() const
{
  return run({"--no-armor", "--export", "--", key_}, {});
}

} // namespace bakery
