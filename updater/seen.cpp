// SPDX-License-Identifier: Apache-2.0
#include "updater/seen.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

namespace updater {

namespace {

constexpr std::string_view directory = "/var/lib/strake/seen";
constexpr int format = 1;

std::string file_name(std::string_view source)
{
  return verity::hex(verity::digest_of(std::as_bytes(std::span(source)))) + ".json";
}

std::string newest_of(const std::vector<OfferedFile> &files)
{
  const auto newest =
      std::max_element(files.begin(), files.end(), [](const OfferedFile &a, const OfferedFile &b) {
        return base::compare_versions(a.version, b.version) < 0;
      });
  return newest == files.end() ? std::string() : newest->version;
}

bool offers(const Offer &offer, const std::string &version)
{
  return std::any_of(offer.files.begin(), offer.files.end(), [&](const OfferedFile &file) {
    return base::compare_versions(file.version, version) == 0;
  });
}

const OfferedFile *find(const Offer &offer, const std::string &name)
{
  const auto found = std::find_if(offer.files.begin(),
                                  offer.files.end(),
                                  [&](const OfferedFile &file) { return file.name == name; });
  return found == offer.files.end() ? nullptr : &*found;
}

std::string day_of(std::chrono::sys_seconds time)
{
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}",
                     static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

OfferVerdict refused(std::string why)
{
  return {.accepted = false, .why = std::move(why), .notices = {}};
}

std::string written(const Seen &seen)
{
  nlohmann::json files = nlohmann::json::array();
  for (const OfferedFile &file : seen.files)
    files.push_back(
        {{"version", file.version}, {"name", file.name}, {"sha256", verity::hex(file.sha256)}});
  nlohmann::json document = {{"format", format}, {"newest", seen.newest}, {"files", files}};
  if (seen.signed_at)
    document["signed_at"] = seen.signed_at->time_since_epoch().count();
  return document.dump(2) + "\n";
}

/// Throws what nlohmann::json throws if the document has another shape.
std::optional<Seen> from_json(const nlohmann::json &document)
{
  if (document.at("format") != format)
    return std::nullopt;
  Seen seen;
  seen.newest = document.at("newest").get<std::string>();
  if (document.contains("signed_at"))
    seen.signed_at = std::chrono::sys_seconds(
        std::chrono::seconds(document.at("signed_at").get<std::int64_t>()));
  for (const nlohmann::json &file : document.at("files")) {
    const auto digest = verity::parse_sha256(file.at("sha256").get<std::string>());
    if (!digest)
      return std::nullopt;
    seen.files.push_back(
        {file.at("version").get<std::string>(), file.at("name").get<std::string>(), *digest});
  }
  return seen;
}

std::optional<Seen> parse(const std::string &text)
{
  try {
    return from_json(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception &) {
    return std::nullopt;
  }
}

} // namespace

OfferVerdict judge_offer(const std::optional<Seen> &seen, const Offer &offer)
{
  OfferVerdict verdict;
  if (!seen)
    return verdict;
  if (seen->signed_at && !offer.signed_at)
    return refused("the source was signed before and what it shows now is not");
  if (seen->signed_at && *offer.signed_at < *seen->signed_at)
    return refused(
        fmt::format("rollback: it shows a manifest that was signed on {}, and one signed "
                    "on {} was seen before",
                    day_of(*offer.signed_at),
                    day_of(*seen->signed_at)));
  const bool signed_later =
      offer.signed_at && (!seen->signed_at || *seen->signed_at < *offer.signed_at);
  if (!seen->newest.empty() && !offers(offer, seen->newest)) {
    if (!signed_later)
      return refused(fmt::format(
          "rollback: it no longer shows version {}, which was seen there before", seen->newest));
    verdict.notices.push_back(
        fmt::format("version {} was taken back by its publisher", seen->newest));
  }
  for (const OfferedFile &file : seen->files)
    if (const OfferedFile *now = find(offer, file.name); now && now->sha256 != file.sha256)
      verdict.notices.push_back(
          fmt::format("{} was published again with other content", file.name));
  return verdict;
}

Seen mark_of(const Offer &offer)
{
  Seen seen{.newest = newest_of(offer.files), .files = {}, .signed_at = offer.signed_at};
  for (const OfferedFile &file : offer.files)
    if (base::compare_versions(file.version, seen.newest) == 0)
      seen.files.push_back(file);
  return seen;
}

std::optional<Seen> read_seen(const base::Host &host, std::string_view source)
{
  const std::string path = fmt::format("{}/{}", directory, file_name(source));
  const auto text = host.root.text(path);
  if (!text)
    return std::nullopt;
  std::optional<Seen> seen = parse(*text);
  if (!seen)
    host.say(base::Level::warning,
             "{} is damaged; the source is taken as never seen before",
             host.root.display(path));
  return seen;
}

void remember_seen(const base::Host &host, std::string_view source, const Seen &seen)
{
  const std::string text = written(seen);
  const base::Dir marks = base::make_path(host.sys, host.root, directory);
  const std::string name = file_name(source);
  if (marks.text(name) != text)
    base::replace_file(host.sys, marks, name, text);
}

std::string seen_path(const base::Host &host, std::string_view source)
{
  return host.root.display(fmt::format("{}/{}", directory, file_name(source)));
}

} // namespace updater
