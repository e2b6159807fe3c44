// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "support/map_fetcher.hpp"
#include "support/temp_root.hpp"
#include "verity/openpgp.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

TEST_SUITE_BEGIN("verity/keyring");

namespace {

/// The smallest thing that looks like a keyring: one public key packet whose body is `name`.
std::string key(const std::string &name)
{
  return "\xc6" + std::string(1, static_cast<char>(name.size())) + name;
}

class StoppedClock final : public base::Clock {
public:
  std::chrono::sys_seconds now() override { return {}; }

  std::chrono::milliseconds monotonic() override { return {}; }

  void sleep(std::chrono::milliseconds) override {}
};

/// A machine of which only the keyrings are looked at.
class Machine {
public:
  support::TempRoot root;

  void put(const std::string &path, const std::string &text, mode_t mode = 0644) const
  {
    root.write(path, text);
    if (!text.starts_with("-> "))
      REQUIRE(::chmod((root.path() + "/" + path).c_str(), mode) == 0);
  }

  std::string keys(const std::string &variable = "")
  {
    base::LinuxSys sys;
    base::ProcessRunner programs;
    support::MapFetcher fetcher;
    StoppedClock clock;
    const support::TempRoot other;
    const base::Host host{.sys = sys,
                          .programs = programs,
                          .fetcher = fetcher,
                          .clock = clock,
                          .log = [](base::Level, std::string_view) {},
                          .environment = {{"SYSTEMD_OPENPGP_KEYRING", variable}},
                          .root = other.dir().again(),
                          .machine = root.dir().again(),
                          .is_running_system = false};
    std::string all;
    for (const verity::KeyringFile &file : verity::read_keyring(host))
      all += file.packets.substr(2) + " ";
    return all;
  }

  std::string refusal(base::Kind kind, const std::string &variable = "")
  {
    try {
      return "accepted " + keys(variable);
    } catch (const base::Error &error) {
      CHECK(error.kind() == kind);
      std::string text = error.what();
      for (std::size_t at = 0; (at = text.find(root.path())) != std::string::npos;)
        text.erase(at, root.path().size());
      return text;
    }
  }
};

} // namespace

TEST_CASE("the local and the vendor's keyring are used together")
{
  Machine machine;
  machine.put("etc/systemd/import-pubring.pgp", key("local"));
  CHECK(machine.keys() == "local ");
  machine.put("usr/lib/systemd/import-pubring.pgp", key("vendor"));
  CHECK(machine.keys() == "local vendor ");
}

TEST_CASE("the legacy name counts only where the new one is missing")
{
  Machine machine;
  machine.put("etc/systemd/import-pubring.gpg", key("local legacy"));
  machine.put("usr/lib/systemd/import-pubring.gpg", key("vendor legacy"));
  CHECK(machine.keys() == "local legacy vendor legacy ");
  machine.put("etc/systemd/import-pubring.pgp", key("local"));
  machine.put("usr/lib/systemd/import-pubring.pgp", key("vendor"));
  CHECK(machine.keys() == "local vendor ");
}

TEST_CASE("SYSTEMD_OPENPGP_KEYRING replaces all other keyrings")
{
  Machine machine;
  machine.put("usr/lib/systemd/import-pubring.pgp", key("vendor"));
  machine.put("srv/keys.pgp", key("mine"));
  CHECK(machine.keys("/srv/keys.pgp") == "mine ");
  CHECK(machine.refusal(base::Kind::untrusted, "/srv/none.pgp") ==
        "the keyring /srv/none.pgp of SYSTEMD_OPENPGP_KEYRING does not exist");
  CHECK(machine.refusal(base::Kind::config, "srv/keys.pgp") ==
        "SYSTEMD_OPENPGP_KEYRING must be an absolute path, and \"srv/keys.pgp\" is not");
}

TEST_CASE("a local keyring that is linked to /dev/null takes all trust away")
{
  Machine machine;
  machine.put("usr/lib/systemd/import-pubring.pgp", key("vendor"));
  machine.put("etc/systemd/import-pubring.pgp", "-> /dev/null");
  CHECK(machine.refusal(base::Kind::untrusted) ==
        "/etc/systemd/import-pubring.pgp is a symlink to /dev/null, so that no OpenPGP key is "
        "trusted");
}

TEST_CASE("no keyring at all is refused with where to put one")
{
  Machine machine;
  CHECK(machine.refusal(base::Kind::untrusted) ==
        "there is no OpenPGP keyring: put the repository's public key into "
        "/etc/systemd/import-pubring.pgp");
}

TEST_CASE("a keyring that others can write is refused, in /usr as in /etc and by a symlink")
{
  for (const mode_t mode : {mode_t{0664}, mode_t{0646}, mode_t{0666}, mode_t{0777}}) {
    Machine machine;
    machine.put("etc/systemd/import-pubring.pgp", key("local"));
    machine.put("usr/lib/systemd/import-pubring.pgp", key("vendor"), mode);
    CHECK(machine.refusal(base::Kind::untrusted) ==
          fmt::format("the keyring /usr/lib/systemd/import-pubring.pgp can be written by others "
                      "(mode {:04o}): run chmod go-w on it",
                      mode));
  }
  Machine machine;
  machine.put("srv/keys", key("mine"), 0666);
  machine.put("etc/systemd/import-pubring.pgp", "-> /srv/keys");
  CHECK(machine.refusal(base::Kind::untrusted).find("chmod go-w") != std::string::npos);
  machine.put("srv/keys", key("mine"), 0600);
  CHECK(machine.keys() == "mine ");
}

TEST_CASE("a keyring of another user is refused" * doctest::skip(::geteuid() != 0))
{
  Machine machine;
  machine.put("etc/systemd/import-pubring.pgp", key("local"));
  REQUIRE(::chown((machine.root.path() + "/etc/systemd/import-pubring.pgp").c_str(), 1234, 0) == 0);
  CHECK(machine.refusal(base::Kind::untrusted) ==
        "the keyring /etc/systemd/import-pubring.pgp belongs to user 1234 and not to root: run "
        "chown root on it");
}

TEST_CASE("what is no keyring is refused by its name")
{
  const std::string expected = "/etc/systemd/import-pubring.pgp is not a keyring: expected OpenPGP "
                               "public keys, armored, binary or a keybox";
  for (const std::string text : {"",
                                 "hello\n",
                                 "\xc6\x7f"
                                 "cut",
                                 "\xc2\x01s",
                                 "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n????\n"}) {
    Machine machine;
    machine.put("etc/systemd/import-pubring.pgp", text);
    CHECK(machine.refusal(base::Kind::config) == expected);
  }
}

TEST_CASE("a keyring that is a directory or much too large is refused")
{
  Machine machine;
  machine.root.write("etc/systemd/import-pubring.pgp/", "");
  CHECK(machine.refusal(base::Kind::untrusted) ==
        "the keyring /etc/systemd/import-pubring.pgp is not a regular file");
  Machine large;
  large.put("etc/systemd/import-pubring.pgp", std::string((std::size_t{4} << 20U) + 1, 'x'));
  CHECK(large.refusal(base::Kind::config).find("is larger than 4194304 bytes") !=
        std::string::npos);
}
