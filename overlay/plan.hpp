// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/aftermath.hpp"
#include "overlay/composition.hpp"
#include "overlay/configuration.hpp"
#include "overlay/dangers.hpp"
#include "overlay/generation.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/selection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// What one class of extensions is to be like.
struct Request {
  Class extension_class = Class::sysext;
  Configuration configuration;
  std::optional<bool> no_programs; ///< instead of what the class has
  Fit fit = Fit::checked;
  enum class Unchanged { skip, merge_again } unchanged = Unchanged::skip;
  /// What to do with a broken image: leave it out, or give up.
  enum class Broken { leave_out, give_up } broken = Broken::leave_out;
  /// Whether the service manager is told of what extensions want reloaded and restarted.
  enum class ServiceManager { tell, leave_alone } service_manager = ServiceManager::tell;
  DangerScope dangers = DangerScope::not_allowed;
  /// Whether others are told of what extensions bring, or systemd alone, as systemd's own tools do.
  enum class Told { all, service_manager } told = Told::all;
  /// The set to merge, whatever is installed and whichever is held.
  std::optional<Generation> go_back_to{};
  /// Judge by this and not by the system itself: what would be merged if it were another one?
  std::optional<Target> target{};
};

enum class Action {
  none,    ///< not merged, and not to be
  merge,   ///< not merged, and to be
  replace, ///< merged, and to be merged anew
  unmerge, ///< merged, and not to be
};

struct PlannedHierarchy {
  Hierarchy hierarchy;
  Action action = Action::none;
  /// Those with something in it, the topmost first: over and under the system's own.
  std::vector<const Layer *> above;
  std::vector<const Layer *> below;
};

/// All that is to be done for one class, as a value; nothing of it is done yet. Layers point into
/// the selection, so a plan can be moved but not copied.
struct Plan {
  Request request;
  Generation present;             ///< what is merged now; see present_generation()
  std::optional<Generation> held; ///< what is to be merged whatever is installed
  Selection selection;
  std::vector<PlannedHierarchy> hierarchies;
  /// What those in use do to each other and to the system, and those refused would.
  std::vector<Danger> dangers;
  std::string origin;
  std::string stamp;         ///< empty if the selection has broken images: look again next time
  bool is_unchanged = false; ///< all is merged already as it is to be

  Plan() = default;
  Plan(Plan &&) = default;
  Plan &operator=(Plan &&) = default;
  Plan(const Plan &) = delete;
  Plan &operator=(const Plan &) = delete;
  ~Plan() = default;
};

/// What `refresh` without any option asks for: both classes as they are configured, less what is
/// switched off.
std::vector<Request> usual_requests(const base::Host &host);

/// Finds, opens and checks the extensions, and decides what becomes of each hierarchy. If nothing
/// that they depend on has changed since they were merged, none is opened.
///
/// While a generation is held its images are the only candidates, in its order; those that have
/// changed since are broken. While an extension is on trial it counts as enabled.
/// With Broken::give_up it throws for the first image that is broken.
Plan make_plan(const base::Host &host, const Request &request);

/// The plan that leaves nothing merged.
Plan plan_unmerge(const base::Host &host, const Request &request);

/// What is to be done once a plan is in effect, by the settings: about the difference between what
/// is merged now and what then is.
Aftermath planned_aftermath(const base::Host &host, const Plan &plan);

/// How overlays of the class are mounted.
MountStyle mount_style_of(const base::Host &host, const Request &request);

/// The decision for one hierarchy. A mutable one is merged even if no extension has anything in it.
Action action_for(bool is_merged, bool has_layers, Mutability mutability);

} // namespace overlay
