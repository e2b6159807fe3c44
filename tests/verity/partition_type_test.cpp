// SPDX-License-Identifier: Apache-2.0
#include "verity/partition_type.hpp"

#include <doctest/doctest.h>

#include <set>

TEST_SUITE_BEGIN("verity/partition_type");

using verity::find_partition_type;
using verity::partition_type_of;
using verity::PartitionType;

namespace {

std::string uuid_of(std::string_view name, std::string_view architecture = "x86-64")
{
  const auto type = find_partition_type(name, architecture);
  return type ? type->uuid.text() : "none";
}

std::string name_of(std::string_view name, std::string_view architecture = "x86-64")
{
  const auto type = find_partition_type(name, architecture);
  return type ? type->name : "none";
}

} // namespace

TEST_CASE("partition types have the names and UUIDs of the specification")
{
  CHECK(uuid_of("esp") == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
  CHECK(uuid_of("xbootldr") == "bc13c2ff-59e6-4262-a352-b275fd6f7172");
  CHECK(uuid_of("linux-generic") == "0fc63daf-8483-4772-8e79-3d69d8477de4");
  CHECK(uuid_of("root-x86-64") == "4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
  CHECK(uuid_of("usr-x86-64-verity") == "77ff5f63-e7b6-4633-acf4-1565b864c0e6");
  CHECK(uuid_of("usr-x86-64-verity-sig") == "e7bb33fb-06cf-4e81-8273-e543b413e2e2");
  CHECK(uuid_of("root-arm64-verity") == "df3300ce-d69f-4c92-978c-9bfb0f38d820");
  CHECK(verity::linux_generic() == find_partition_type("linux-generic", ""));
}

TEST_CASE("a name without an architecture means the machine's own, or its secondary one")
{
  CHECK(name_of("root") == "root-x86-64");
  CHECK(name_of("usr-verity", "arm64") == "usr-arm64-verity");
  CHECK(name_of("root-verity-sig", "riscv64") == "root-riscv64-verity-sig");
  CHECK(name_of("root-secondary") == "root-x86");
  CHECK(name_of("usr-secondary-verity", "arm64") == "usr-arm-verity");
  CHECK(name_of("usr-secondary", "riscv64") == "none");
  CHECK(name_of("root", "vax") == "none");
}

TEST_CASE("other names of an architecture are understood")
{
  CHECK(name_of("root-amd64") == "root-x86-64");
  CHECK(name_of("root-aarch64-verity") == "root-arm64-verity");
  CHECK(name_of("usr-ppc64le") == "usr-ppc64-le");
}

TEST_CASE("a UUID finds its name, and an unknown one stands for itself")
{
  CHECK(name_of("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709") == "root-x86-64");
  CHECK(name_of("12345678123412341234123456789abc") == "12345678-1234-1234-1234-123456789abc");
  CHECK(name_of("00000000-0000-0000-0000-000000000000") == "none");
  for (const char *wrong : {"", "Root", "root-", "rootx", "root-x86-64-", "-verity", "verity"}) {
    CAPTURE(wrong);
    CHECK(name_of(wrong) == "none");
  }
}

TEST_CASE("every type is its own, and is found by its UUID")
{
  std::set<base::Uuid> seen;
  for (const char *architecture :
       {"x86-64", "x86", "arm64", "arm", "riscv64", "ppc64-le", "s390x", "loongarch64"})
    for (const char *kind :
         {"root", "root-verity", "root-verity-sig", "usr", "usr-verity", "usr-verity-sig"}) {
      const PartitionType type = find_partition_type(kind, architecture).value();
      CHECK(seen.insert(type.uuid).second);
      CHECK(partition_type_of(type.uuid) == type);
    }
  for (const char *name : {"esp", "xbootldr", "swap", "home", "srv", "var", "tmp", "user-home"})
    CHECK(seen.insert(find_partition_type(name, "").value().uuid).second);
}

TEST_CASE("a type knows which flags the specification gives it")
{
  const auto root = find_partition_type("root", "x86-64").value();
  CHECK(root.is_discoverable);
  CHECK(root.may_grow);
  const auto verity = find_partition_type("root-verity", "x86-64").value();
  CHECK(verity.is_discoverable);
  CHECK_FALSE(verity.may_grow);
  const auto signature = find_partition_type("root-verity-sig", "x86-64").value();
  CHECK_FALSE(signature.is_discoverable);
  CHECK(signature.is_signature);
  CHECK_FALSE(verity::linux_generic().is_discoverable);
}
