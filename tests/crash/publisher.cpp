// SPDX-License-Identifier: Apache-2.0
#include "crash/publisher.hpp"

#include "base/error.hpp"
#include "support/test_host.hpp"

namespace crash {

using base::Dir;

namespace {

bakery::RepositoryRequest request()
{
  return {.repository = "/repository",
          .keys = {.keys = {&publisher_key()}, .gpg_key = {}},
          .valid_for = std::chrono::hours(24 * 30),
          .url = repository_url};
}

void publish(const base::Host &host, const std::string &directory)
{
  bakery::PublishRequest wanted{request()};
  wanted.directories = {directory};
  wanted.lint = bakery::Lint::left_out;
  (void)bakery::publish(host, wanted);
}

void fill(support::MapFetcher &fetcher, const Server &server)
{
  for (const auto &[path, text] : server) {
    const std::string url = std::string(repository_url) + "/" + path;
    fetcher.objects[url] = text;
    fetcher.etags[url] =
        "\"" + verity::hex(verity::digest_of(std::as_bytes(std::span(text)))) + "\"";
  }
}

} // namespace

const bakery::SigningKey &publisher_key()
{
  static const bakery::SigningKey made = bakery::SigningKey::generate();
  return made;
}

void run(base::Sys &sys, const Dir &root, const Server &server, const Verb &verb)
{
  base::ProcessRunner programs;
  support::MapFetcher fetcher;
  fill(fetcher, server);
  support::SetClock clock;
  clock.time = std::chrono::sys_days(std::chrono::year{2026} / 5 / 1);
  verb({.sys = sys,
        .programs = programs,
        .fetcher = fetcher,
        .clock = clock,
        .log = [](base::Level, std::string_view) {},
        .environment = {},
        .root = root.again(),
        .machine = root.again(),
        .is_running_system = false});
}

Verb publishing(const std::string &directory)
{
  return [directory](const base::Host &host) { publish(host, host.root.path() + directory); };
}

void withdraw_first(const base::Host &host)
{
  (void)bakery::withdraw(host, {request(), "a", "1", "it is old"});
}

std::string seen_in_repository(const Dir &root)
{
  const auto repository = root.find_dir("repository");
  if (!repository || !repository->target_status("manifest.json"))
    return "none";
  const auto found =
      bakery::read_signed_index([&](const std::string &path) { return repository->text(path); },
                                {.keys = {publisher_key().public_key()}});
  std::string text = std::to_string(found->index.sequence) + ":";
  for (const bakery::OfferedFile &file : found->index.all_files()) {
    const std::string content = repository->text(file.name.file).value_or("");
    if (verity::digest_of(std::as_bytes(std::span(content))) != file.sha256)
      return file.name.file + " is named, and not there";
    text += " " + file.name.file;
  }
  if (repository->text("SHA256SUMS") != found->channels.at(bakery::Channel::stable).checksums)
    return "SHA256SUMS is of another list";
  return text;
}

std::string other_bytes_refused(const Dir &root)
{
  const support::TempRoot other(support::Storage::memory, {{"new/a_1.raw", "other bytes"}});
  base::LinuxSys sys;
  std::string found = "its bytes could be changed";
  try {
    run(sys, root, {}, [&](const base::Host &host) { publish(host, other.path() + "/new"); });
  } catch (const base::Error &error) {
    found = error.kind() == base::Kind::config ? "" : error.what();
  }
  return found;
}

std::string nothing_is_arriving(const Dir &root)
{
  const auto incoming = root.find_dir("repository/.strake/incoming");
  return !incoming || incoming->entries().empty() ? "" : "something is left in incoming/";
}

} // namespace crash
