// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset.hpp"

#include "base/error.hpp"
#include "handoff/reset_move.hpp"
#include "handoff/reset_needs.hpp"
#include "handoff/reset_place.hpp"
#include "handoff/reset_removal.hpp"
#include "handoff/reset_settings.hpp"
#include "updater/history.hpp"
#include "updater/state.hpp"

#include <fmt/ranges.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

namespace handoff {

namespace {

using Action = ResetRequest::Action;
using base::Kind;
using Places = std::vector<ResetPlace>;

void require_root(const base::Host &host)
{
  if (host.is_running_system && ::geteuid() != 0)
    base::fail(Kind::usage, "a reset is about the whole machine, so only root can ask for it");
}

std::int64_t now(const base::Host &host)
{
  return host.clock.now().time_since_epoch().count();
}

void refuse_without_image(const base::Host &host)
{
  struct statvfs found = {};
  const auto usr = host.root.find_dir("/usr");
  if (usr && ::fstatvfs(usr->fd().number(), &found) == 0 && (found.f_flag & ST_RDONLY) == 0)
    base::fail(Kind::config,
               "/usr can be written, so this system is no image, and what is in its /etc may be "
               "nowhere else; if it can do without, name what is to be reset in Places= of "
               "/etc/strake/reset.conf");
}

std::vector<std::string> chosen_places(const ResetSettings &settings, const ResetOptions &options)
{
  for (const std::string &place : options.places)
    if (std::find(settings.places.begin(), settings.places.end(), place) == settings.places.end())
      base::fail(Kind::usage,
                 "{} is none of the places that a reset is about, which are {}; Places= of "
                 "reset.conf names them",
                 place,
                 fmt::format("{}", fmt::join(settings.places, ", ")));
  return options.places.empty() ? settings.places : options.places;
}

/// A symlink on the way to what is kept must not lead to where it is not.
void add_kept(const base::Host &host, const std::string &text, std::vector<KeepRule> &rules)
{
  const std::string why = fmt::format("kept by {}", text);
  rules.push_back({text, why});
  if (!is_plain_path(text) || !host.root.status(text))
    return;
  const std::string real = path_beneath(host, host.root.handle(text));
  if (real != text && is_plain_path(real))
    rules.push_back({real, why});
}

KeepRules rules_of(const base::Host &host, const ResetRequest &request, const Places &places)
{
  std::vector<KeepRule> rules;
  for (const std::string &text : request.keep)
    add_kept(host, text, rules);
  if (request.keep_machine_id)
    for (const char *path : {"/etc/machine-id", "/var/lib/dbus/machine-id"})
      add_kept(host, path, rules);
  for (const ResetPlace &place : places)
    if (!place.work.empty())
      rules.push_back({place.work, fmt::format("the overlay on {} works there", place.path)});
  const auto extensions = request.with_extensions ? Extensions::go : Extensions::stay;
  for (KeepRule &rule : needed_by_systems(host, extensions))
    rules.push_back(std::move(rule));
  return KeepRules(std::move(rules));
}

std::vector<ResetOutlook>
survey_all(const base::Host &host, const ResetRequest &request, const Places &places)
{
  const KeepRules rules = rules_of(host, request, places);
  std::vector<ResetOutlook> outlooks;
  for (const ResetPlace &place : places)
    outlooks.push_back(base::during("looking through " + place.path,
                                    [&] { return survey(place, places, rules); }));
  return outlooks;
}

bool is_matched(const base::Host &host,
                const std::vector<ResetOutlook> &places,
                const std::string &text)
{
  if (is_plain_path(text))
    return host.root.status(text).has_value();
  return std::any_of(places.begin(), places.end(), [&](const ResetOutlook &place) {
    return std::any_of(place.items.begin(), place.items.end(), [&](const ResetItem &item) {
      return item.rule == text;
    });
  });
}

/// Nothing that runs may write what is being removed.
void refuse_once_up(const base::Host &host)
{
  if (!host.is_running_system)
    return;
  const base::Finished done = host.programs.run(
      {.argv = {"systemctl", "show", "--property=ActiveState", "--value", "sysinit.target"}});
  if (done.status != 0 || done.output != "inactive\n")
    base::fail(Kind::busy,
               "the system has come up, and services use what would be removed; reboot, and "
               "strake-reset.service does it");
}

void remove(const base::Host &host, const ResetPlace &place, const std::string &below)
{
  const base::SplitPath split = base::split_path(below);
  const auto parent = split.parent.empty() ? std::optional(place.top.again())
                                           : place.top.find_dir_no_symlinks(split.parent);
  if (parent)
    ResetRemoval(host.sys, place.top).entry(*parent, split.name);
}

void take_away(const base::Host &host,
               const ResetPlace &place,
               const ResetOutlook &outlook,
               const ResetRequest &request)
{
  ResetBackupTree tree(host.sys, place);
  for (const ResetItem &item : outlook.items)
    if (item.goes && request.backup)
      tree.put_aside(item.below);
    else if (item.goes)
      remove(host, place, item.below);
  host.sys.sync_file_system(place.top);
}

/// Without it no unit is enabled that was by a preset: with its machine ID, systemd does not take
/// the next boot for the first one.
void apply_presets(const base::Host &host)
{
  if (!host.programs.exists("systemctl"))
    return;
  const base::Finished done = host.programs.run(
      {.argv = {
           "systemctl", "--root=" + host.root.path(), "preset-all", "--preset-mode=enable-only"}});
  if (done.status != 0)
    host.say(base::Level::warning, "no unit is enabled by presets: {}", done.errors);
}

void reset(const base::Host &host, const base::Dir &state, const ResetRequest &request)
{
  const Places places = open_places(host, request.places);
  const std::vector<ResetOutlook> outlooks = survey_all(host, request, places);
  if (request.backup && !read_reset_backup(state))
    write_reset_backup(host.sys, state, {.time = request.time, .places = request.places});
  for (std::size_t index = 0; index < places.size(); ++index)
    base::during("resetting " + places[index].path,
                 [&] { take_away(host, places[index], outlooks[index], request); });
  if (request.keep_machine_id)
    apply_presets(host);
}

void restore(const base::Host &host, const base::Dir &state)
{
  const auto backup = read_reset_backup(state);
  if (!backup) // a cut came after all was back
    return;
  for (const ResetPlace &place : open_places(host, backup->places))
    base::during("restoring " + place.path, [&] { ResetBackupTree(host.sys, place).put_back(); });
  (void)forget_reset_backup(host.sys, state);
}

} // namespace

ResetRequest reset_request(const base::Host &host,
                           const ResetOptions &options,
                           const std::vector<ExtensionData> &data)
{
  require_root(host);
  const ResetSettings settings = read_reset_settings(host);
  if (host.is_running_system && !settings.names_places)
    refuse_without_image(host);
  ResetRequest request{.time = now(host),
                       .places = chosen_places(settings, options),
                       .keep = settings.keep,
                       .keep_machine_id = settings.keep_machine_id || options.keep_machine_id,
                       .with_extensions = options.with_extensions,
                       .backup = settings.backup || options.backup};
  for (const std::string &text : options.keep) {
    if (const std::string fault = keep_rule_fault(text); !fault.empty())
      base::fail_message(Kind::usage, fault);
    request.keep.push_back(text);
  }
  if (settings.keep_data || options.keep_data)
    for (const ExtensionData &each : data)
      request.keep.insert(request.keep.end(), each.paths.begin(), each.paths.end());
  return request;
}

ResetForecast foresee_reset(const base::Host &host, ResetRequest request)
{
  require_root(host);
  ResetForecast forecast{.request = std::move(request)};
  if (forecast.request.action == Action::restore)
    return forecast;
  const Places places = open_places(host, forecast.request.places);
  forecast.places = survey_all(host, forecast.request, places);
  for (const std::string &text : forecast.request.keep)
    if (!is_matched(host, forecast.places, text))
      forecast.unmatched.push_back(text);
  return forecast;
}

void stage_reset(const base::Host &host, const ResetRequest &request)
{
  require_root(host);
  const base::Dir state = open_reset_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  if (request.action == Action::reset && request.backup && read_reset_backup(state))
    base::fail(Kind::busy,
               "there is a backup of an earlier reset; `strake reset restore` brings it back, "
               "`strake reset forget-backup` removes it");
  write_reset_request(host.sys, state, request);
}

ResetRequest restore_request(const base::Host &host)
{
  require_root(host);
  const auto state = find_reset_state(host);
  const auto backup = state ? read_reset_backup(*state) : std::nullopt;
  if (!backup)
    base::fail(Kind::not_found, "there is no backup; only a reset with --backup leaves one");
  return {.action = Action::restore, .time = now(host), .places = backup->places};
}

ResetRequest staged_reset(const base::Host &host)
{
  const auto state = find_reset_state(host);
  auto request = state ? read_reset_request(*state) : std::nullopt;
  if (!request)
    base::fail(Kind::not_found, "no reset is staged");
  return std::move(*request);
}

bool is_reset_staged(const base::Host &host)
{
  const auto state = find_reset_state(host);
  return state && has_reset_request(*state);
}

bool cancel_reset(const base::Host &host)
{
  require_root(host);
  const auto state = find_reset_state(host);
  if (!state)
    return false;
  const updater::Lock lock = updater::take_lock(host, *state);
  return forget_reset_request(host.sys, *state);
}

void forget_backup(const base::Host &host)
{
  const ResetRequest backup = restore_request(host);
  const base::Dir state = open_reset_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  for (const ResetPlace &place : open_places(host, backup.places))
    ResetBackupTree(host.sys, place).forget();
  (void)forget_reset_backup(host.sys, state);
}

ResetRequest perform_reset(const base::Host &host)
{
  require_root(host);
  const ResetRequest request = staged_reset(host);
  refuse_once_up(host);
  const base::Dir state = open_reset_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  const bool is_reset = request.action == Action::reset;
  if (is_reset)
    reset(host, state, request);
  else
    restore(host, state);
  updater::record(host,
                  state,
                  {.action = is_reset ? "reset" : "restore",
                   .outcome = "done",
                   .detail = fmt::format("{}", fmt::join(request.places, " "))});
  (void)forget_reset_request(host.sys, state);
  return request;
}

} // namespace handoff
