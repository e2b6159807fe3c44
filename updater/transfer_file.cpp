// SPDX-License-Identifier: Apache-2.0
#include "updater/transfer_file.hpp"

#include "base/error.hpp"
#include "verity/boot_marks.hpp"
#include "verity/release_manifest.hpp"

#include <array>

namespace updater {

namespace {

using base::Kind;

template <typename Choice> using Word = std::pair<std::string_view, Choice>;

constexpr std::array<Word<ResourceKind>, 7> kind_words = {{
    {"url-file", ResourceKind::url_file},
    {"url-tar", ResourceKind::url_tar},
    {"tar", ResourceKind::tar},
    {"regular-file", ResourceKind::regular_file},
    {"directory", ResourceKind::directory},
    {"subvolume", ResourceKind::subvolume},
    {"partition", ResourceKind::partition},
}};

constexpr std::array<Word<Anchor>, 5> anchor_words = {{
    {"root", Anchor::root},
    {"esp", Anchor::esp},
    {"xbootldr", Anchor::xbootldr},
    {"boot", Anchor::boot},
    {"explicit", Anchor::given},
}};

template <typename Choice, std::size_t count>
std::string_view word_of(const std::array<Word<Choice>, count> &words, Choice choice)
{
  const auto found = std::find_if(
      words.begin(), words.end(), [&](const auto &each) { return each.second == choice; });
  return found->first;
}

/// A transfer before it is known to be whole.
struct Draft {
  Transfer transfer{};
  std::optional<ResourceKind> source_kind{};
  std::optional<ResourceKind> target_kind{};
  bool source_auto = false;
};

void read_kind(const Setting &setting, std::optional<ResourceKind> &field)
{
  ResourceKind kind = field.value_or(ResourceKind::url_file);
  bool is_known = false;
  for (const auto &[word, choice] : kind_words)
    is_known = is_known || word == setting.value();
  setting.read_choice<ResourceKind>(kind, kind_words);
  if (is_known)
    field = kind;
}

void read_anchor(const Setting &setting, Anchor &field)
{
  if (setting.value().empty())
    field = Anchor::root;
  else
    setting.read_choice<Anchor>(field, anchor_words);
}

using Row = KeyRow<Draft>;
using S = const Setting &;
using D = Draft &;

constexpr std::array rows = {
    Row{"Transfer", "MinVersion", [](S s, D d) { s.read_version(d.transfer.min_version); }},
    Row{"Transfer", "ProtectVersion", [](S s, D d) { s.add_version(d.transfer.protect_versions); }},
    Row{"Transfer", "Verify", [](S s, D d) { s.read_boolean(d.transfer.verify); }},
    Row{"Transfer", "ChangeLog", [](S s, D d) { s.add_url(d.transfer.changelog); }},
    Row{"Transfer", "AppStream", [](S s, D d) { s.add_url(d.transfer.appstream); }},
    Row{"Transfer", "Features", [](S s, D d) { s.read_words(d.transfer.features); }},
    Row{"Transfer",
        "RequisiteFeatures",
        [](S s, D d) { s.read_words(d.transfer.requisite_features); }},
    Row{"Source", "Type", [](S s, D d) { read_kind(s, d.source_kind); }},
    Row{"Source", "Path", [](S s, D d) { s.read_path(d.transfer.source.path, d.source_auto); }},
    Row{"Source", "PathRelativeTo", [](S s, D d) { read_anchor(s, d.transfer.source.anchor); }},
    Row{"Source",
        "MatchPattern",
        [](S s, D d) { s.add_patterns(d.transfer.source.patterns, Setting::AnyDepth::allowed); }},
    Row{"Source", "X-Strake-Trust", [](S s, D d) { s.read_text(d.transfer.source.trust); }},
    Row{"Source", "X-Strake-Channel", [](S s, D d) { s.read_text(d.transfer.source.channel); }},
    Row{"Target", "Type", [](S s, D d) { read_kind(s, d.target_kind); }},
    Row{"Target",
        "Path",
        [](S s, D d) { s.read_path(d.transfer.target.path, d.transfer.target.path_auto); }},
    Row{"Target", "PathRelativeTo", [](S s, D d) { read_anchor(s, d.transfer.target.anchor); }},
    Row{"Target",
        "MatchPattern",
        [](S s, D d) { s.add_patterns(d.transfer.target.patterns, Setting::AnyDepth::refused); }},
    Row{"Target",
        "MatchPartitionType",
        [](S s, D d) { s.read_partition_type(d.transfer.target.partition_type); }},
    Row{"Target", "PartitionUUID", [](S s, D d) { s.read_uuid(d.transfer.target.partition_uuid); }},
    Row{"Target",
        "PartitionFlags",
        [](S s, D d) { s.read_flags(d.transfer.target.partition_flags); }},
    Row{"Target", "PartitionNoAuto", [](S s, D d) { s.read_boolean(d.transfer.target.no_auto); }},
    Row{"Target",
        "PartitionGrowFileSystem",
        [](S s, D d) { s.read_boolean(d.transfer.target.grow_file_system); }},
    Row{"Target",
        "PartitionZeroFill",
        [](S s, D d) { s.read_boolean(d.transfer.target.zero_fill); }},
    Row{"Target", "ReadOnly", [](S s, D d) { s.read_boolean(d.transfer.target.read_only); }},
    Row{"Target", "Mode", [](S s, D d) { s.read_mode(d.transfer.target.mode); }},
    Row{"Target", "TriesLeft", [](S s, D d) { s.read_number(d.transfer.target.tries_left); }},
    Row{"Target", "TriesDone", [](S s, D d) { s.read_number(d.transfer.target.tries_done); }},
    Row{"Target",
        "InstancesMax",
        [](S s, D d) { s.read_instances(d.transfer.target.instances_max); }},
    Row{"Target",
        "RemoveTemporary",
        [](S s, D d) { s.read_boolean(d.transfer.target.remove_temporary); }},
    Row{"Target",
        "CurrentSymlink",
        [](S s, D d) { s.read_link(d.transfer.target.current_symlink); }},
};

bool is_tree(ResourceKind kind)
{
  return kind == ResourceKind::url_tar || kind == ResourceKind::tar ||
         kind == ResourceKind::directory || kind == ResourceKind::subvolume;
}

bool is_url(ResourceKind kind)
{
  return kind == ResourceKind::url_file || kind == ResourceKind::url_tar;
}

ResourceKind guess_target(ResourceKind source, const std::string &path)
{
  if (source == ResourceKind::subvolume)
    return source;
  if (is_tree(source))
    return ResourceKind::directory;
  return path.starts_with("/dev/") ? ResourceKind::partition : ResourceKind::regular_file;
}

/// Judges a draft as a whole; everything it finds is fatal.
class Check {
public:
  Check(const std::string &file, const KeyPlaces &places) : file_(file), places_(places) {}

  void source(Draft &draft) const
  {
    Source &source = draft.transfer.source;
    if (!draft.source_kind || *draft.source_kind == ResourceKind::partition)
      refuse("Source.Type",
             "[Source] needs Type= with url-file, url-tar, tar, regular-file, directory or "
             "subvolume");
    source.kind = *draft.source_kind;
    if (draft.source_auto)
      refuse("Source.Path", "Path=auto is for [Target] only; write where the versions come from");
    if (source.path.empty())
      refuse("Source.Path", "[Source] needs Path=, the place where the versions come from");
    if (is_url(source.kind) && !is_web_url(source.path) && !source.path.starts_with("file:///"))
      refuse("Source.Path", "Path= must be a URL with http:// or https:// for this Type=");
    if (!is_url(source.kind) && !is_plain_path(source.path))
      refuse("Source.Path", "Path= must begin with \"/\" and have no \".\", \"..\" or \"//\"");
    if (source.patterns.empty())
      refuse("Source.MatchPattern", "[Source] needs MatchPattern=, for example name_@v.raw");
    trust(source);
    const bool is_directory =
        source.kind == ResourceKind::directory || source.kind == ResourceKind::subvolume;
    for (const Pattern &pattern : source.patterns)
      if (pattern.any_depth() && is_directory)
        refuse("Source.MatchPattern",
               "\"**/\" finds files only, and this Type= is for directories; leave it out");
  }

  /// What is wrong here is never passed over: whoever else could be believed instead.
  void trust(const Source &source) const
  {
    if (source.trust.empty() && !source.channel.empty())
      refuse("Source.X-Strake-Channel", "X-Strake-Channel= needs X-Strake-Trust= beside it");
    if (source.trust.empty())
      return;
    if (!is_plain_path(source.trust))
      refuse("Source.X-Strake-Trust",
             "X-Strake-Trust= must be the path of a key or a root.json, beginning with \"/\" and "
             "without \".\", \"..\" or \"//\"");
    if (!is_url(source.kind))
      refuse("Source.X-Strake-Trust", "X-Strake-Trust= is for Type=url-file and url-tar only");
    if (!source.channel.empty() && !verity::is_manifest_name(source.channel))
      refuse("Source.X-Strake-Channel",
             "X-Strake-Channel= takes letters, digits and -._+~^@:, as in \"stable\"");
  }

  void kinds(ResourceKind source, ResourceKind target) const
  {
    const bool is_legal =
        is_tree(source) ? target == ResourceKind::directory || target == ResourceKind::subvolume
                        : target == ResourceKind::partition || target == ResourceKind::regular_file;
    if (!is_legal)
      refuse("Target.Type",
             fmt::format("a {} source can't become a {}; for this source Type= in [Target] is {}",
                         name(source),
                         name(target),
                         is_tree(source) ? "directory or subvolume" : "regular-file or partition"));
  }

  void target(const Target &target) const
  {
    const bool is_partition = target.kind == ResourceKind::partition;
    if (target.path.empty() && !target.path_auto)
      refuse("Target.Path", "[Target] needs Path=, the place where the versions go");
    if (target.path_auto && !is_partition)
      refuse("Target.Path", "Path=auto finds a disk, so it is for Type=partition only");
    if (!target.path_auto && !is_plain_path(target.path))
      refuse("Target.Path", "Path= must begin with \"/\" and have no \".\", \"..\" or \"//\"");
    if (target.anchor == Anchor::given)
      refuse("Target.PathRelativeTo", "PathRelativeTo=explicit is for [Source] only");
    if (target.anchor != Anchor::root && is_partition)
      refuse("Target.PathRelativeTo",
             "PathRelativeTo= is for files and directories, and this is a partition");
    if (is_partition && !target.current_symlink.empty() && !target.current_symlink.starts_with('/'))
      refuse("Target.CurrentSymlink",
             "CurrentSymlink= must begin with \"/\" here, because a partition has no directory");
    if (is_partition && verity::has_boot_marks(target.partition_type.uuid) &&
        target.tries_left.value_or(1) - 1 >= verity::boot_mark_limit)
      refuse("Target.TriesLeft",
             fmt::format("a partition of this type has room for 1 to {} tries",
                         verity::boot_mark_limit));
  }

private:
  /// With the place and value of the key if it was there, else with the file.
  [[noreturn]] void refuse(const char *key, const std::string &what) const
  {
    const auto found = places_.find(key);
    if (found == places_.end())
      base::fail(Kind::config, "{}: {}", file_, what);
    const base::ConfigItem &item = found->second;
    base::fail(Kind::config, "{}: {}={}: {}", item.place(), item.key, item.value, what);
  }

  const std::string &file_;
  const KeyPlaces &places_;
};

/// A target without patterns of its own takes over the source's.
void inherit_patterns(const Source &source, Target &target)
{
  if (!target.patterns.empty())
    return;
  for (const Pattern &pattern : source.patterns) {
    Pattern plain = pattern.without_any_depth();
    if (std::find(target.patterns.begin(), target.patterns.end(), plain) == target.patterns.end())
      target.patterns.push_back(std::move(plain));
  }
}

void complete_partition(Target &target)
{
  if (target.partition_type.uuid.is_zero())
    target.partition_type = verity::linux_generic();
  // A signature is text that ends at the first zero, and an older one may have been longer.
  if (!target.zero_fill)
    target.zero_fill = target.partition_type.is_signature;
}

} // namespace

std::string_view name(ResourceKind kind)
{
  return word_of(kind_words, kind);
}

std::string_view name(Anchor anchor)
{
  return word_of(anchor_words, anchor);
}

Transfer read_transfer(const FileReader &reader, const base::ConfigFile &file)
{
  Draft draft;
  Transfer &transfer = draft.transfer;
  transfer.id = file.name.substr(0, file.name.rfind('.'));
  transfer.file = reader.root.display(file.path);
  const KeyPlaces places = read_keys<Draft>(reader, file.name, rows, draft);

  const Check check(transfer.file, places);
  check.source(draft);
  transfer.target.kind =
      draft.target_kind.value_or(guess_target(transfer.source.kind, transfer.target.path));
  check.kinds(transfer.source.kind, transfer.target.kind);
  check.target(transfer.target);
  inherit_patterns(transfer.source, transfer.target);
  if (transfer.target.kind == ResourceKind::partition)
    complete_partition(transfer.target);
  return std::move(draft.transfer);
}

std::vector<std::string> transfer_keys()
{
  std::vector<std::string> keys;
  for (const Row &row : rows)
    keys.push_back(fmt::format("{}.{}", row.section, row.key));
  return keys;
}

} // namespace updater
