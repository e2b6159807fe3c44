// SPDX-License-Identifier: Apache-2.0
#include "updater/staging.hpp"

#include "base/durable.hpp"

#include <nlohmann/json.hpp>

namespace updater {

namespace {

using Json = nlohmann::json;

std::string record_name(const verity::Sha256 &digest)
{
  return verity::hex(digest) + ".json";
}

void remove_if_there(base::Sys &sys, const base::Dir &dir, const std::string &name)
{
  if (dir.status(name))
    sys.remove(dir, name, base::Remove::file);
}

} // namespace

base::Dir open_staging(base::Sys &sys, const base::Dir &state)
{
  return base::make_path(sys, state, "staging", 0700);
}

std::string blob_name(const verity::Sha256 &digest)
{
  return verity::hex(digest) + ".blob";
}

std::optional<Progress> read_progress(const base::Dir &staging, const verity::Sha256 &digest)
{
  const auto text = staging.text(record_name(digest));
  if (!text)
    return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("have") || !json["have"].is_number_unsigned())
    return std::nullopt; // as good as none: the payload is fetched from its start
  const auto word = [&](const char *name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  return Progress{
      json["have"].get<std::uint64_t>(), word("validator"), word("bootId"), word("place")};
}

void write_progress(base::Sys &sys,
                    const base::Dir &staging,
                    const verity::Sha256 &digest,
                    const Progress &progress)
{
  const Json json = {{"have", progress.have},
                     {"validator", progress.validator},
                     {"bootId", progress.boot_id},
                     {"place", progress.place}};
  base::replace_file(sys,
                     staging,
                     record_name(digest),
                     json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
                     0600);
}

void discard(base::Sys &sys, const base::Dir &staging, const verity::Sha256 &digest)
{
  // The record first: a blob without one is started anew, a record without a blob as well.
  remove_if_there(sys, staging, record_name(digest));
  remove_if_there(sys, staging, blob_name(digest));
}

std::string boot_id(const base::Host &host)
{
  std::string text = host.machine.text("/proc/sys/kernel/random/boot_id").value_or("unknown");
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

} // namespace updater
