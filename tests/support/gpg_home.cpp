// SPDX-License-Identifier: Apache-2.0
#include "support/gpg_home.hpp"

#include <doctest/doctest.h>

namespace support {

GpgHome::~GpgHome()
{
  try {
    (void)runner_.run({.argv = {"gpgconf", "--homedir", home_.path(), "--kill", "all"}});
  } catch (const std::exception &failure) {
    MESSAGE("gpg-agent may be left running: " << failure.what());
  }
}

std::string GpgHome::gpg(const std::vector<std::string> &arguments)
{
  base::Command command{
      .argv = {"gpg", "--homedir", home_.path(), "--batch", "--yes", "--quiet", "--no-tty"}};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  const base::Finished done = runner_.run(command);
  REQUIRE_MESSAGE(done.status == 0, done.errors);
  return done.output;
}

void GpgHome::make_key(const std::string &name)
{
  (void)gpg({"--passphrase", "", "--quick-gen-key", name, "ed25519", "sign", "0"});
}

void GpgHome::make_key(const std::string &name, const std::string &from, const std::string &until)
{
  (void)gpg({"--faked-system-time",
             from,
             "--passphrase",
             "",
             "--quick-gen-key",
             name,
             "ed25519",
             "sign",
             until});
}

std::string GpgHome::public_key(const std::string &name, Armor armor)
{
  return gpg({armor == Armor::yes ? "--armor" : "--no-armor", "--export", name});
}

std::string GpgHome::sign(const std::string &name,
                          const std::string &text,
                          Armor armor,
                          const std::vector<std::string> &options)
{
  std::vector<std::string> arguments = options;
  arguments.insert(arguments.end(),
                   {armor == Armor::yes ? "--armor" : "--no-armor",
                    "--local-user",
                    name,
                    "--output",
                    "-",
                    "--detach-sign",
                    file("signed-text", text)});
  return gpg(arguments);
}

std::string GpgHome::fingerprint(const std::string &name)
{
  const std::string listing = gpg({"--with-colons", "--list-keys", name});
  const std::size_t line = listing.find("\nfpr:") + 5;
  const std::size_t start = listing.find_first_not_of(':', line);
  return listing.substr(start, listing.find(':', start) - start);
}

std::string GpgHome::file(const std::string &name, const std::string &text)
{
  home_.write(name, text);
  return path(name);
}

} // namespace support
