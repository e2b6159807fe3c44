// SPDX-License-Identifier: Apache-2.0
#include "verity/openpgp.hpp"

#include "base/error.hpp"
#include "verity/key_block.hpp"
#include "verity/openpgp_packets.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

namespace verity {

namespace {

constexpr std::size_t keyring_limit = std::size_t{4} << 20U;
constexpr std::size_t most_signatures = 16;

using base::Kind;

Verdict refused(std::string why)
{
  return {.trusted = false, .why = std::move(why), .fingerprint = {}, .signed_at = {}};
}

std::string_view text_of(base::Bytes bytes)
{
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

base::Bytes bytes_of(const std::string &text)
{
  return std::as_bytes(std::span(text));
}

/// Whoever can write the keyring decides what is installed.
void check_safe(const base::Fd &file, const std::string &path)
{
  struct stat found = {};
  if (::fstat(file.number(), &found) < 0)
    base::fail_errno("cannot look at {}", path);
  if (!S_ISREG(found.st_mode))
    base::fail(Kind::untrusted, "the keyring {} is not a regular file", path);
  if (found.st_uid != 0 && found.st_uid != ::geteuid())
    base::fail(Kind::untrusted,
               "the keyring {} belongs to user {} and not to root: run chown root on it",
               path,
               found.st_uid);
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    base::fail(Kind::untrusted,
               "the keyring {} can be written by others (mode {:04o}): run chmod go-w on it",
               path,
               found.st_mode & 07777U);
}

std::string read_whole(const base::Fd &file, const std::string &path)
{
  const std::uint64_t size = base::size_of(file);
  if (size > keyring_limit)
    base::fail(Kind::config,
               "the keyring {} is larger than {} bytes, which is refused",
               path,
               keyring_limit);
  std::string content(size, '\0');
  content.resize(base::read_at(file, 0, std::as_writable_bytes(std::span(content))));
  return content;
}

/// Adds the file to the ring if it exists.
bool add_file(Keyring &ring, const base::Dir &machine, std::string_view name)
{
  const auto file = machine.find_file(name);
  if (!file)
    return false;
  const std::string path = machine.display(name);
  check_safe(*file, path);
  ring.push_back({path, unpack_keyring(read_whole(*file, path), path)});
  return true;
}

bool add_first(Keyring &ring, const base::Dir &machine, std::array<std::string_view, 2> names)
{
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return add_file(ring, machine, name);
  });
}

constexpr std::array<std::string_view, 2> local_rings = {"/etc/systemd/import-pubring.pgp",
                                                         "/etc/systemd/import-pubring.gpg"};
constexpr std::array<std::string_view, 2> vendor_rings = {"/usr/lib/systemd/import-pubring.pgp",
                                                          "/usr/lib/systemd/import-pubring.gpg"};

Keyring read_named(const base::Dir &machine, const std::string &path)
{
  if (!path.starts_with('/'))
    base::fail(
        Kind::config, "SYSTEMD_OPENPGP_KEYRING must be an absolute path, and \"{}\" is not", path);
  Keyring ring;
  if (!add_file(ring, machine, path))
    base::fail(Kind::untrusted, "the keyring {} of SYSTEMD_OPENPGP_KEYRING does not exist", path);
  return ring;
}

/// Signers' clocks may be a little ahead of ours.
constexpr std::chrono::minutes clock_slack{10};

struct Signature {
  std::string packet;
  std::optional<std::chrono::sys_seconds> made;
  std::string key_block;
};

struct Signatures {
  std::vector<Signature> all;
  std::string why_not; ///< not empty: do not even ask
};

Signatures unusable(std::string why)
{
  return {.all = {}, .why_not = std::move(why)};
}

/// Lets nothing through to the tools but signatures of binary documents.
Signatures read_signatures(std::string_view content)
{
  if (content.empty())
    return unusable("the signature is empty");
  if (content.size() > signature_limit)
    return unusable(fmt::format("the signature is larger than {} bytes", signature_limit));
  if (content.front() == '<')
    return unusable("this is a web page and not an OpenPGP signature");
  const std::string bare = (static_cast<unsigned char>(content.front()) & 0x80U) != 0
                               ? std::string(content)
                               : unarmor(content, "PGP SIGNATURE").value_or("");
  const auto packets = split_packets(bare);
  if (!packets || packets->empty())
    return unusable("this is not an OpenPGP signature");
  if (packets->size() > most_signatures)
    return unusable(fmt::format("there are more than {} signatures", most_signatures));
  Signatures found;
  for (const Packet &packet : *packets) {
    if (packet.tag != PacketTag::signature)
      return unusable("there is something else than a detached signature in the signature");
    const auto facts = read_signature(packet.body);
    if (!facts)
      return unusable("the signature is damaged");
    if (facts->type != 0)
      return unusable("it is not a signature of a binary document; sign without --textmode");
    found.all.push_back({std::string(packet.whole), facts->made, std::string(facts->key_block)});
  }
  return found;
}

/// argv for a tool that reads the rings, the signature and the data as its inputs, in this order.
base::Command command_for(std::vector<std::string> argv,
                          const Keyring &ring,
                          const std::string &signature,
                          base::Bytes data)
{
  base::Command command{.argv = std::move(argv)};
  for (const KeyringFile &file : ring) {
    command.argv.push_back("--keyring=" + base::input_path(command.inputs.size()));
    command.inputs.push_back(bytes_of(file.packets));
  }
  for (const base::Bytes input : {bytes_of(signature), data}) {
    command.argv.push_back(base::input_path(command.inputs.size()));
    command.inputs.push_back(input);
  }
  return command;
}

std::string one_line(std::string_view text)
{
  std::string result;
  for (const char character : text.substr(0, 1000))
    if (const bool blank = static_cast<unsigned char>(character) <= ' '; !blank)
      result.push_back(character);
    else if (!result.empty() && result.back() != ' ')
      result.push_back(' ');
  while (result.ends_with(' '))
    result.pop_back();
  return result;
}

Verdict ask_sqv(base::Runner &programs,
                const Keyring &keyring,
                const std::string &signature,
                base::Bytes data,
                std::chrono::sys_seconds now)
{
  Keyring alive;
  bool dropped = false;
  for (const KeyringFile &file : keyring) {
    alive.push_back({file.path, without_expired(file.packets, now)});
    dropped = dropped || alive.back().packets.size() < file.packets.size();
  }
  std::erase_if(alive, [](const KeyringFile &file) { return file.packets.empty(); });
  if (alive.empty())
    return refused("every key of the keyring has expired");
  const base::Finished done = programs.run(command_for({"sqv"}, alive, signature, data));
  const std::string fingerprint = one_line(done.output.substr(0, done.output.find('\n')));
  if (done.status != 0 || fingerprint.empty())
    return refused(fmt::format("sqv does not accept it: {}{}",
                               one_line(done.errors),
                               dropped ? " (expired keys were left out)" : ""));
  return {.trusted = true, .why = {}, .fingerprint = fingerprint, .signed_at = {}};
}

Verdict ask_gpgv(base::Runner &programs,
                 const Keyring &keyring,
                 const std::string &signature,
                 base::Bytes data)
{
  // gpgv takes SHA-1 where sqv does not; both tools are to answer alike.
  const base::Finished done = programs.run(
      command_for({"gpgv", "--status-fd=1", "--weak-digest=SHA1", "--homedir=/nonexistent"},
                  keyring,
                  signature,
                  data));
  // 2 is also what it says of a good signature beside one of an unknown key.
  if (done.status > 2)
    return refused(fmt::format("gpgv failed with status {}", done.status));
  Verdict verdict = read_gpgv_status(done.output);
  if (!verdict.trusted && verdict.why.empty())
    verdict.why = "gpgv does not accept it: " + one_line(done.errors);
  return verdict;
}

Verdict ask(base::Runner &programs,
            const Keyring &keyring,
            const std::string &signature,
            base::Bytes data,
            std::chrono::sys_seconds now)
{
  if (programs.exists("sqv"))
    return ask_sqv(programs, keyring, signature, data, now);
  if (programs.exists("gpgv"))
    return ask_gpgv(programs, keyring, signature, data);
  base::fail(Kind::config, "neither sqv nor gpgv is installed, one of which must check signatures");
}

std::vector<std::string_view> words_of(std::string_view line)
{
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0)
      words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

/// Of a version 4 key, or of a version 5 or 6 one.
bool is_fingerprint(std::string_view word)
{
  return (word.size() == 40 || word.size() == 64) &&
         word.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

std::string reason_for(std::string_view keyword, std::string_view key)
{
  if (keyword == "BADSIG")
    return fmt::format("the signature by key {} does not fit the data", key);
  if (keyword == "EXPKEYSIG")
    return fmt::format("the key {} that signed it has expired", key);
  if (keyword == "REVKEYSIG")
    return fmt::format("the key {} that signed it was revoked", key);
  if (keyword == "EXPSIG")
    return fmt::format("the signature by key {} has expired", key);
  if (keyword == "ERRSIG")
    return fmt::format("it is signed by key {}, which is not in the keyring or not usable", key);
  return {};
}

} // namespace

Keyring read_keyring(const base::Host &host)
{
  if (const auto path = host.variable("SYSTEMD_OPENPGP_KEYRING"))
    return read_named(host.machine, *path);
  for (const std::string_view name : local_rings)
    if (host.machine.link_target(name) == "/dev/null")
      base::fail(Kind::untrusted,
                 "{} is a symlink to /dev/null, so that no OpenPGP key is trusted",
                 host.machine.display(name));
  Keyring ring;
  (void)add_first(ring, host.machine, local_rings);
  (void)add_first(ring, host.machine, vendor_rings);
  if (ring.empty())
    base::fail(Kind::untrusted,
               "there is no OpenPGP keyring: put the repository's public key into {}",
               host.machine.display(local_rings.front()));
  return ring;
}

std::string unpack_keyring(std::string_view content, const std::string &path)
{
  std::optional<std::string> keys;
  if (const auto box = unpack_keybox(content))
    keys = box;
  else if (const auto armored = unarmor(content, "PGP PUBLIC KEY BLOCK"))
    keys = armored;
  else
    keys = std::string(content);
  const auto packets = split_packets(*keys);
  if (!packets || packets->empty() || packets->front().tag != PacketTag::public_key)
    base::fail(Kind::config,
               "{} is not a keyring: expected OpenPGP public keys, armored, binary or a keybox",
               path);
  return *keys;
}

Verdict verify_openpgp(base::Runner &programs,
                       const Keyring &keyring,
                       base::Bytes data,
                       base::Bytes signature,
                       std::chrono::sys_seconds now)
{
  const Signatures signatures = read_signatures(text_of(signature));
  if (!signatures.why_not.empty())
    return refused(signatures.why_not);
  std::string why;
  // One at a time: gpgv gives up at the first that does not fit, and a signature's time is only
  // to be believed if it is that one that is good.
  for (const Signature &one : signatures.all) {
    Verdict verdict =
        one.made && *one.made > now + clock_slack
            ? refused("the signature is from the future; is the clock right?")
            : ask(programs, with_new_subkeys(keyring, one.key_block, now), one.packet, data, now);
    if (verdict.trusted) {
      verdict.signed_at = one.made;
      return verdict;
    }
    why += (why.empty() ? "" : "; ") + verdict.why;
  }
  return refused(why);
}

Verdict read_gpgv_status(std::string_view status)
{
  Verdict verdict;
  bool good = false; // VALIDSIG also follows EXPKEYSIG and REVKEYSIG
  while (!status.empty()) {
    const std::size_t end = std::min(status.find('\n'), status.size());
    const auto words = words_of(status.substr(0, end));
    status.remove_prefix(std::min(end + 1, status.size()));
    if (words.size() < 2 || words[0] != "[GNUPG:]")
      continue;
    const std::string_view keyword = words[1];
    if (keyword == "NEWSIG")
      good = false;
    if (words.size() < 3)
      continue;
    if (keyword == "GOODSIG")
      good = true;
    if (keyword == "VALIDSIG" && good && is_fingerprint(words.back())) // else it is cut short
      return {
          .trusted = true, .why = {}, .fingerprint = std::string(words.back()), .signed_at = {}};
    if (std::string why = reason_for(keyword, words[2]); !why.empty()) {
      good = false;
      verdict.why = verdict.why.empty() ? std::move(why) : verdict.why + "; " + why;
    }
  }
  return verdict;
}

} // namespace verity
