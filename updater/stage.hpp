// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/file_target.hpp"
#include "updater/inventory.hpp"
#include "updater/plan.hpp"
#include "updater/slots.hpp"
#include "updater/tree_target.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace updater {

/// What lies on the disk for one step, under a name or type that nobody takes for the real thing.
struct StagedPart {
  const Step *step = nullptr;
  std::optional<NewFile> file{};
  std::optional<NewTree> tree{};
  Written written{}; ///< of a file or slot
};

/// All bytes of an update on stable storage, and none of them in effect.
class Staged {
public:
  Staged(const base::Host &host, Inventory &inventory, const UpdatePlan &plan);

  Inventory &inventory;
  const UpdatePlan &plan;
  std::unique_ptr<Slots> slots;
  std::vector<StagedPart> parts; ///< one a step that acquires, in their order
};

/// A Staged that was read back from the disk and found to be what it should be. Only verify()
/// makes one, and commit() takes nothing else.
class Verified {
public:
  Staged &operator*() { return staged_; }

  Staged *operator->() { return &staged_; }

private:
  explicit Verified(Staged staged) : staged_(std::move(staged)) {}

  friend Verified verify(const base::Host &host, Staged staged);

  Staged staged_;
};

/// Brings the bytes of every step that acquires onto the disk: payloads from the network first,
/// checked against their digests; then new files and trees under partial names; the slots last,
/// since writing them destroys what they held. Throws with everything that matters as it was; what
/// was fetched is kept for the next run.
Staged
stage(const base::Host &host, const base::Dir &state, Inventory &inventory, const UpdatePlan &plan);

/// Reads every staged file and slot back from the disk, past the page cache where the kernel
/// allows, and compares it with what was written. Throws Kind::io at the first that differs.
Verified verify(const base::Host &host, Staged staged);

} // namespace updater
