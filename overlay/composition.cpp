// SPDX-License-Identifier: Apache-2.0
#include "overlay/composition.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "overlay/kernel_modules.hpp"
#include "overlay/mutable_dir.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

namespace overlay {

namespace {

using base::Kind;
using base::Place;
using Use = MutableDir::Use;

/// The kernel takes no more lower layers.
constexpr std::size_t most_layers = 500;

void write_file(base::Sys &sys, const base::Dir &dir, std::string_view name, std::string_view text)
{
  base::Fd file = sys.create(dir, name, 0644);
  sys.write_at(file, 0, std::as_bytes(std::span(text)));
  sys.close(std::move(file));
}

std::string lines(const std::vector<std::string> &names)
{
  std::string text;
  for (const std::string &name : names)
    text += name + "\n";
  return text;
}

std::string device_text(dev_t device)
{
  return fmt::format("{}:{}\n", major(device), minor(device));
}

/// As C would write it, so that it is one line whatever is in it.
std::string escaped(std::string_view text)
{
  std::string result;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '\\' || letter == '"' || letter == '\'')
      result += fmt::format("\\{}", letter);
    else if (byte < ' ' || byte == 0x7f)
      result += fmt::format("\\x{:02x}", byte);
    else
      result += letter;
  }
  return result;
}

bool is_directory(const base::Fd &handle)
{
  struct stat found = {};
  if (::fstat(handle.number(), &found) < 0)
    base::fail_errno("cannot look at {}", base::path_of(handle));
  return S_ISDIR(found.st_mode);
}

class Composer {
public:
  Composer(const base::Host &host,
           Class extension_class,
           const Composition &composition,
           const MountStyle &style)
      : host_(host), class_(facts(extension_class)), composition_(composition), style_(style),
        hierarchy_(composition.hierarchy), memory_(make_memory({{"mode", "0755"}}))
  {
  }

  Composed run()
  {
    find_host_layer();
    mutable_ = find_mutable_dir(host_, hierarchy_, composition_.mutability, mode_);
    find_upper();
    collect_layers();
    write_metadata();
    note_kernel_modules();
    make_missing_places();
    host_.sys.set_attributes(upper_ ? upper_->fd() : metadata_top_->fd(), {.mode = mode_});
    Composed composed{.tree = make_overlay(), .later = {}, .work_dir = work_dir_};
    note_device(composed.tree);
    if (upper_)
      cover_metadata(composed);
    carry_submounts(composed);
    return composed;
  }

private:
  base::Dir make_memory(std::vector<base::MountOption> options)
  {
    return host_.sys.make_mount({.type = "tmpfs", .options = std::move(options)});
  }

  base::Dir make_below(const base::Dir &dir, const char *name)
  {
    host_.sys.make_dir(dir, name, 0755);
    return dir.dir(name);
  }

  /// What the hierarchy is without extensions, and its mode.
  void find_host_layer()
  {
    host_layer_ = find_system_layer(host_, hierarchy_);
    if (!host_layer_)
      return;
    mode_ = host_layer_->status(".").value().st_mode & 07777U;
    device_ = host_layer_->status(".").value().st_dev;
  }

  void find_upper()
  {
    if (mutable_.use == Use::none)
      return;
    if (mutable_.use == Use::ephemeral) {
      // Apart from the metadata, so that those do not suffer when it is full.
      written_ = make_memory({{"mode", "0700"}, {"size", composition_.size_limit}});
      upper_ = make_below(*written_, "upper");
      work_ = make_below(*written_, "work");
      return;
    }
    base::Dir place = mutable_.parent->again();
    if (mutable_.use == Use::host_is_upper) // without what is mounted on the hierarchy
      place = {host_.sys.copy_mount(place.fd(), base::Depth::one_mount), place.path()};
    upper_ = place.dir(mutable_.name);
    const std::string name = free_work_name();
    base::remove_tree(host_.sys, place, name);
    host_.sys.make_dir(place, name, 0700);
    work_ = place.dir(name);
    if (upper_->status(".").value().st_dev != work_->status(".").value().st_dev)
      base::fail_os(EXDEV,
                    "{} is a file system of its own, so that its work directory cannot lie beside "
                    "it; use a directory of that file system",
                    upper_->path());
    work_dir_ = mutable_.parent_path.empty() ? name : mutable_.parent_path + "/" + name;
    work_place_ = std::move(place);
  }

  /// Beneath the root.
  [[nodiscard]] std::string upper_path() const
  {
    return mutable_.parent_path.empty() ? mutable_.name
                                        : mutable_.parent_path + "/" + mutable_.name;
  }

  /// Not the one that the present overlay uses.
  std::string free_work_name() const
  {
    std::string name = fmt::format(".systemd-{}-workdir", as_component(hierarchy_.path));
    if (!hierarchy_.is_merged())
      return name;
    const auto present = read_merged(hierarchy_, class_.self).work_dir;
    if (present && base::split_path(*present).name == name)
      name += "-2";
    return name;
  }

  void collect_layers()
  {
    metadata_top_ = make_below(memory_, "metadata");
    if (mutable_.imported)
      layers_.push_back(mutable_.imported->again());
    add_layers(composition_.above);
    if (host_layer_ && mutable_.use != Use::host_is_upper && !host_layer_->entries().empty())
      layers_.push_back(host_layer_->again());
    add_layers(composition_.below);
    if (layers_.empty()) // an overlay that cannot be written needs a second layer
      layers_.push_back(make_below(memory_, "nothing"));
    join_lowest_layers();
  }

  /// Of more layers than the kernel takes, the lowest become one, by an overlay of their own. It
  /// holds the system's own layer, so that what they hide of it stays hidden.
  void join_lowest_layers()
  {
    constexpr std::size_t room = most_layers - 1; // for the metadata
    if (layers_.size() <= room)
      return;
    const auto first_joined = layers_.begin() + (room - 1);
    base::NewOverlay joined{.source = std::string(class_.name), .lower = {}};
    for (auto layer = first_joined; layer != layers_.end(); ++layer)
      joined.lower.push_back(&*layer);
    if (joined.lower.size() > most_layers)
      base::fail(Kind::config,
                 "{}: {} extensions are more than the kernel can merge; disable {} of them",
                 hierarchy_.path,
                 layers_.size() - 1,
                 joined.lower.size() - most_layers);
    base::Dir tree = host_.sys.make_overlay(joined);
    layers_.erase(first_joined, layers_.end());
    layers_.push_back(std::move(tree));
  }

  void add_layers(const std::vector<const Layer *> &layers)
  {
    for (const Layer *layer : layers)
      layers_.push_back(layer->tree.find_dir(hierarchy_.path).value());
  }

  void write_metadata()
  {
    host_.sys.make_dir(*metadata_top_, class_.metadata, 0755);
    metadata_ = metadata_top_->dir(class_.metadata);
    write_file(host_.sys, *metadata_, class_.plural, lines(composition_.names));
    write_file(host_.sys, *metadata_, "origin", composition_.origin);
    write_file(host_.sys, *metadata_, "strake-stamp", composition_.stamp + "\n");
    write_file(host_.sys, *metadata_, "strake-generation", composition_.generation);
    if (mutable_.use == Use::ephemeral)
      host_.sys.make_dir(*metadata_, kept_views, 0700);
    if (mutable_.use == Use::upper)
      write_file(host_.sys,
                 *metadata_,
                 upper_file,
                 fmt::format("{}\n{}\n", escaped(upper_path()), inode_text(*upper_)));
    if (work_dir_)
      write_file(host_.sys, *metadata_, "work_dir", escaped(*work_dir_) + "\n");
    if (device_ && major(*device_) != 0 && mutable_.use != Use::host_is_upper)
      write_file(host_.sys, *metadata_, "backing", device_text(*device_));
  }

  /// Says so even if there are none, or a layer's own file of that name would be seen.
  void note_kernel_modules()
  {
    if (hierarchy_.path == kernel_modules_hierarchy)
      write_file(host_.sys, *metadata_, indexed_kernels_file, text_of(index_kernel_modules()));
  }

  KernelStamps index_kernel_modules()
  {
    if (!composition_.indexes_kernel_modules)
      return {};
    KernelIndexing indexing{
        .hierarchy = hierarchy_,
        .layers =
            module_layers(hierarchy_.path, composition_.above, host_layer_, composition_.below),
        .upper = upper_ ? &*upper_ : nullptr,
        .whole = overlay_of_layers(fmt::format("{}-modules", class_.name), true),
        .top = *metadata_top_};
    if (mutable_.imported)
      indexing.layers.insert(indexing.layers.begin(), {mutable_.imported->again()});
    return index_kernels(host_, indexing);
  }

  /// A place that something is mounted on may be in no layer any more.
  void make_missing_places()
  {
    for (const std::string &below : hierarchy_.submounts) {
      const auto has_it = [&](const base::Dir &layer) {
        return layer.target_status(below).has_value();
      };
      if ((upper_ && has_it(*upper_)) || std::any_of(layers_.begin(), layers_.end(), has_it))
        continue;
      const base::SplitPath split = base::split_path(below);
      const base::Dir parent = split.parent.empty()
                                   ? metadata_top_->again()
                                   : base::make_path(host_.sys, *metadata_top_, split.parent);
      if (is_directory(hierarchy_.top->handle(below)))
        host_.sys.make_dir(parent, split.name, 0755);
      else
        host_.sys.close(host_.sys.create(parent, split.name, 0644));
    }
  }

  base::Dir make_overlay()
  {
    base::NewOverlay overlay = overlay_of_layers(std::string(class_.name), upper_.has_value());
    overlay.upper = upper_ ? &*upper_ : nullptr;
    overlay.work = work_ ? &*work_ : nullptr;
    return host_.sys.make_overlay(overlay);
  }

  base::NewOverlay overlay_of_layers(std::string source, bool is_writable) const
  {
    OverlayOptions options = overlay_options(style_, is_writable);
    base::NewOverlay overlay{.source = std::move(source),
                             .lower = {&*metadata_top_},
                             .options = std::move(options.options),
                             .limits = options.limits};
    for (const base::Dir &layer : layers_)
      overlay.lower.push_back(&layer);
    return overlay;
  }

  /// By this the overlay is known as ours. The kernel says that a layer must not be changed under
  /// an overlay, but for this file nobody can have looked yet.
  void note_device(const base::Dir &tree)
  {
    write_file(host_.sys, *metadata_, "dev", device_text(tree.status(".").value().st_dev));
  }

  /// A copy of a directory of the new overlay that nobody can write.
  base::Fd cover_for(const Composed &composed, const std::string &below)
  {
    base::Fd cover = host_.sys.copy_mount(composed.tree.handle(below), base::Depth::one_mount);
    host_.sys.forbid_writing(cover);
    return cover;
  }

  void cover_metadata(Composed &composed)
  {
    const std::string metadata(class_.metadata);
    const std::string kept = fmt::format("{}/{}", metadata, kept_views);
    base::Fd cover = cover_for(composed, metadata);
    if (mutable_.use != Use::ephemeral) // the administrator may take it away
      return attach(composed, metadata, std::move(cover));
    base::Fd inner_cover = cover_for(composed, kept);
    // On the copy, not beside it: systemd-sysext takes away that with all that lies on it, and
    // takes everything else below the hierarchy for the administrator's.
    attach(composed, metadata, std::move(cover));
    attach(composed, kept, layers_alone());
    attach(composed, kept, upper_alone());
    attach(composed, kept, std::move(inner_cover));
  }

  base::Fd layers_alone()
  {
    const base::Dir layers =
        host_.sys.make_overlay(overlay_of_layers(fmt::format("{}-below", class_.name), false));
    return base::duplicate(layers.fd());
  }

  base::Fd upper_alone()
  {
    base::Fd upper = base::duplicate(written_->fd());
    host_.sys.forbid_writing(upper);
    return upper;
  }

  void carry_submounts(Composed &composed)
  {
    if (composition_.submounts == Composition::Submounts::left_out)
      return;
    for (const std::string &below : hierarchy_.submounts)
      attach(composed,
             below,
             host_.sys.copy_mount(hierarchy_.top->handle(below), base::Depth::whole_tree));
  }

  void attach(Composed &composed, const std::string &below, base::Fd mount)
  {
    try {
      host_.sys.attach(mount, composed.tree.handle(below), Place::on_top);
    } catch (const base::Error &error) {
      if (error.os_error() != EINVAL)
        throw;
      composed.later.push_back({below, std::move(mount)}); // before Linux 6.15
    }
  }

  const base::Host &host_;
  const ClassFacts &class_;
  const Composition &composition_;
  const MountStyle &style_;
  const Hierarchy &hierarchy_;
  base::Dir memory_;                 ///< holds what is made for this overlay alone
  std::optional<base::Dir> written_; ///< holds what is written to it, where that is to memory
  mode_t mode_ = 0755;
  std::optional<dev_t> device_;
  std::optional<base::Dir> host_layer_;
  MutableDir mutable_;
  std::optional<base::Dir> work_place_;
  std::optional<base::Dir> upper_;
  std::optional<base::Dir> work_;
  std::optional<std::string> work_dir_;
  std::optional<base::Dir> metadata_top_;
  std::optional<base::Dir> metadata_;
  std::vector<base::Dir> layers_;
};

} // namespace

Composed compose(const base::Host &host,
                 Class extension_class,
                 const Composition &composition,
                 const MountStyle &style)
{
  return base::during(composition.hierarchy.path,
                      [&] { return Composer(host, extension_class, composition, style).run(); });
}

} // namespace overlay
