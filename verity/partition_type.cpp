// SPDX-License-Identifier: Apache-2.0
#include "verity/partition_type.hpp"

#include <algorithm>
#include <array>

namespace verity {

namespace {

/// What a kind of partition has for every architecture, in the order of Architecture::uuids.
struct Kind {
  std::string_view stem;   ///< before the architecture
  std::string_view ending; ///< after it
  bool is_discoverable;
  bool may_grow;
};

constexpr std::array kinds = {
    Kind{"root", "", true, true},
    Kind{"root", "-verity", true, false},
    Kind{"root", "-verity-sig", false, false},
    Kind{"usr", "", true, true},
    Kind{"usr", "-verity", true, false},
    Kind{"usr", "-verity-sig", false, false},
};

struct Architecture {
  std::string_view name;
  std::array<std::string_view, kinds.size()> uuids;
};

// Discoverable Partitions Specification, UAPI.2
constexpr std::array architectures = {
    Architecture{"x86-64",
                 {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
                  "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
                  "41092b05-9fc8-4523-994f-2def0408b176",
                  "8484680c-9521-48c6-9c11-b0720656f69e",
                  "77ff5f63-e7b6-4633-acf4-1565b864c0e6",
                  "e7bb33fb-06cf-4e81-8273-e543b413e2e2"}},
    Architecture{"x86",
                 {"44479540-f297-41b2-9af7-d131d5f0458a",
                  "d13c5d3b-b5d1-422a-b29f-9454fdc89d76",
                  "5996fc05-109c-48de-808b-23fa0830b676",
                  "75250d76-8cc6-458e-bd66-bd47cc81a812",
                  "8f461b0d-14ee-4e81-9aa9-049b6fb97abd",
                  "974a71c0-de41-43c3-be5d-5c5ccd1ad2c0"}},
    Architecture{"arm64",
                 {"b921b045-1df0-41c3-af44-4c6f280d3fae",
                  "df3300ce-d69f-4c92-978c-9bfb0f38d820",
                  "6db69de6-29f4-4758-a7a5-962190f00ce3",
                  "b0e01050-ee5f-4390-949a-9101b17104e9",
                  "6e11a4e7-fbca-4ded-b9e9-e1a512bb664e",
                  "c23ce4ff-44bd-4b00-b2d4-b41b3419e02a"}},
    Architecture{"arm",
                 {"69dad710-2ce4-4e3c-b16c-21a1d49abed3",
                  "7386cdf2-203c-47a9-a498-f2ecce45a2d6",
                  "42b0455f-eb11-491d-98d3-56145ba9d037",
                  "7d0359a3-02b3-4f0a-865c-654403e70625",
                  "c215d751-7bcd-4649-be90-6627490a4c05",
                  "d7ff812f-37d1-4902-a810-d76ba57b975a"}},
    Architecture{"riscv64",
                 {"72ec70a6-cf74-40e6-bd49-4bda08e8f224",
                  "b6ed5582-440b-4209-b8da-5ff7c419ea3d",
                  "efe0f087-ea8d-4469-821a-4c2a96a8386a",
                  "beaec34b-8442-439b-a40b-984381ed097d",
                  "8f1056be-9b05-47c4-81d6-be53128e5b54",
                  "d2f9000a-7a18-453f-b5cd-4d32f77a7b32"}},
    Architecture{"riscv32",
                 {"60d5a7fe-8e7d-435c-b714-3dd8162144e1",
                  "ae0253be-1167-4007-ac68-43926c14c5de",
                  "3a112a75-8729-4380-b4cf-764d79934448",
                  "b933fb22-5c3f-4f91-af90-e2bb0fa50702",
                  "cb1ee4e3-8cd0-4136-a0a4-aa61a32e8730",
                  "c3836a13-3137-45ba-b583-b16c50fe5eb4"}},
    Architecture{"ppc64-le",
                 {"c31c45e6-3f39-412e-80fb-4809c4980599",
                  "906bd944-4589-4aae-a4e4-dd983917446a",
                  "d4a236e7-e873-4c07-bf1d-bf6cf7f1c3c6",
                  "15bb03af-77e7-4d4a-b12b-c0d084f7491c",
                  "ee2b9983-21e8-4153-86d9-b6901a54d1ce",
                  "c8bfbd1e-268e-4521-8bba-bf314c399557"}},
    Architecture{"ppc64",
                 {"912ade1d-a839-4913-8964-a10eee08fbd2",
                  "9225a9a3-3c19-4d89-b4f6-eeff88f17631",
                  "f5e2c20c-45b2-4ffa-bce9-2a60737e1aaf",
                  "2c9739e2-f068-46b3-9fd0-01c5a9afbcca",
                  "bdb528a5-a259-475f-a87d-da53fa736a07",
                  "0b888863-d7f8-4d9e-9766-239fce4d58af"}},
    Architecture{"s390x",
                 {"5eead9a9-fe09-4a1e-a1d7-520d00531306",
                  "b325bfbe-c7be-4ab8-8357-139e652d2f6b",
                  "c80187a5-73a3-491a-901a-017c3fa953e9",
                  "8a4f5770-50aa-4ed3-874a-99b710db6fea",
                  "31741cc4-1a2a-4111-a581-e00b447d2d06",
                  "3f324816-667b-46ae-86ee-9b0c0c6c11b4"}},
    Architecture{"loongarch64",
                 {"77055800-792c-4f94-b39a-98c91b762bb6",
                  "f3393b22-e9af-4613-a948-9d3bfbd0c535",
                  "5afb67eb-ecc8-4f85-ae8e-ac1e7c50e7d0",
                  "e611c702-575c-4cbe-9a46-434fa0bf7e3f",
                  "f46b2c26-59ae-48f0-9106-c50ed47f673d",
                  "b024f315-d330-444c-8461-44bbde524e99"}},
};

enum class Flags { none, all };

struct Plain {
  std::string_view name;
  std::string_view uuid;
  Flags flags;
};

constexpr std::array plain_types = {
    Plain{"esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", Flags::none},
    Plain{"xbootldr", "bc13c2ff-59e6-4262-a352-b275fd6f7172", Flags::all},
    Plain{"swap", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", Flags::none},
    Plain{"home", "933ac7e1-2eb4-4f13-b844-0e14e2aef915", Flags::all},
    Plain{"srv", "3b8f8425-20e0-4f3b-907f-1a25a76f98e8", Flags::all},
    Plain{"var", "4d21b016-b534-45c2-a9fb-5c16e091fd2d", Flags::all},
    Plain{"tmp", "7ec6f557-3bc5-4aca-b293-16ef5df639d1", Flags::all},
    Plain{"user-home", "773f91ef-66d4-49b5-bd83-d683bf40ad16", Flags::none},
    Plain{"linux-generic", "0fc63daf-8483-4772-8e79-3d69d8477de4", Flags::none},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> aliases = {{
    {"amd64", "x86-64"},
    {"x86_64", "x86-64"},
    {"i386", "x86"},
    {"i486", "x86"},
    {"i586", "x86"},
    {"i686", "x86"},
    {"aarch64", "arm64"},
    {"armv7l", "arm"},
    {"loong64", "loongarch64"},
    {"ppc64el", "ppc64-le"},
    {"ppc64le", "ppc64-le"},
    {"ppc64be", "ppc64"},
}};

/// Whose programs a machine of that architecture runs as well; empty: none.
std::string_view secondary_of(std::string_view architecture)
{
  if (architecture == "x86-64")
    return "x86";
  if (architecture == "arm64")
    return "arm";
  return {};
}

base::Uuid uuid_of(std::string_view text)
{
  return base::Uuid::parse(text).value();
}

PartitionType type_of(const Architecture &architecture, std::size_t index)
{
  const Kind &kind = kinds[index];
  std::string name(kind.stem);
  name.append("-").append(architecture.name).append(kind.ending);
  return {uuid_of(architecture.uuids[index]),
          std::move(name),
          kind.is_discoverable,
          kind.may_grow,
          kind.ending == "-verity-sig"};
}

PartitionType type_of(const Plain &plain)
{
  const bool has_flags = plain.flags == Flags::all;
  return {uuid_of(plain.uuid), std::string(plain.name), has_flags, has_flags, false};
}

/// The architecture that a name like "root-arm64-verity" holds; what is left out of it says that
/// the kind fits ("": the name is just "root-verity"). Nothing if the kind doesn't fit.
std::optional<std::string_view> middle_of(std::string_view name, const Kind &kind)
{
  if (!name.starts_with(kind.stem) || !name.ends_with(kind.ending))
    return std::nullopt;
  if (name.size() < kind.stem.size() + kind.ending.size())
    return std::nullopt;
  name.remove_prefix(kind.stem.size());
  name.remove_suffix(kind.ending.size());
  if (name.empty())
    return name;
  if (name.size() < 2 || name.front() != '-')
    return std::nullopt;
  return name.substr(1);
}

std::optional<PartitionType> find_by_name(std::string_view name, std::string_view native)
{
  for (const Plain &plain : plain_types)
    if (plain.name == name)
      return type_of(plain);
  for (std::size_t index = 0; index < kinds.size(); ++index) {
    std::optional<std::string_view> wanted = middle_of(name, kinds[index]);
    if (!wanted)
      continue;
    if (wanted->empty())
      wanted = native;
    else if (*wanted == "secondary")
      wanted = secondary_of(native);
    for (const auto &[alias, real] : aliases)
      if (alias == *wanted)
        wanted = real;
    for (const Architecture &architecture : architectures)
      if (architecture.name == *wanted)
        return type_of(architecture, index);
  }
  return std::nullopt;
}

} // namespace

PartitionType partition_type_of(const base::Uuid &uuid)
{
  for (const Plain &plain : plain_types)
    if (uuid_of(plain.uuid) == uuid)
      return type_of(plain);
  for (const Architecture &architecture : architectures)
    for (std::size_t index = 0; index < kinds.size(); ++index)
      if (uuid_of(architecture.uuids[index]) == uuid)
        return type_of(architecture, index);
  return {uuid, uuid.text(), false, false, false};
}

std::optional<PartitionType> find_partition_type(std::string_view name,
                                                 std::string_view architecture)
{
  if (auto found = find_by_name(name, architecture))
    return found;
  const std::optional<base::Uuid> uuid = base::Uuid::parse(name);
  if (!uuid || uuid->is_zero()) // of GPT's types zero means "no partition"
    return std::nullopt;
  return partition_type_of(*uuid);
}

PartitionType linux_generic()
{
  return type_of(plain_types.back());
}

} // namespace verity
