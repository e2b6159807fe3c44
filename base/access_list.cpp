// SPDX-License-Identifier: Apache-2.0
#include "base/access_list.hpp"

#include "base/error.hpp"
#include "base/little_endian.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <string>

namespace base {

namespace {

/// An entry as linux/posix_acl_xattr.h has it.
struct Entry {
  std::uint16_t tag;
  std::uint16_t permissions;
  std::uint32_t id;
};

constexpr std::uint32_t no_id = 0xffffffff;

std::uint16_t kernel_tag(int tag)
{
  switch (tag) {
  case ARCHIVE_ENTRY_ACL_USER_OBJ:
    return 0x01;
  case ARCHIVE_ENTRY_ACL_USER:
    return 0x02;
  case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
    return 0x04;
  case ARCHIVE_ENTRY_ACL_GROUP:
    return 0x08;
  case ARCHIVE_ENTRY_ACL_MASK:
    return 0x10;
  case ARCHIVE_ENTRY_ACL_OTHER:
    return 0x20;
  default:
    fail(Kind::untrusted, "its access control list has an entry of an unknown kind");
  }
}

std::vector<Entry> read_list(archive_entry *entry, int wanted)
{
  std::vector<Entry> list;
  int type = 0;
  int permissions = 0;
  int tag = 0;
  int id = 0;
  const char *name = nullptr;
  ::archive_entry_acl_reset(entry, wanted);
  while (::archive_entry_acl_next(entry, wanted, &type, &permissions, &tag, &id, &name) ==
         ARCHIVE_OK) {
    const bool has_id = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;
    if (has_id && id < 0)
      fail(Kind::untrusted,
           "its access control list has a name where a number is needed "
           "(make the archive with --numeric-owner)");
    list.push_back({kernel_tag(tag),
                    static_cast<std::uint16_t>(permissions & 7),
                    has_id ? static_cast<std::uint32_t>(id) : no_id});
  }
  // The kernel wants them in this order.
  std::stable_sort(list.begin(), list.end(), [](const Entry &one, const Entry &other) {
    return one.tag < other.tag;
  });
  return list;
}

std::string kernel_text(const std::vector<Entry> &list)
{
  constexpr std::uint32_t version = 2;
  std::string text;
  little_endian::append(text, version);
  for (const Entry &entry : list) {
    little_endian::append(text, entry.tag);
    little_endian::append(text, entry.permissions);
    little_endian::append(text, entry.id);
  }
  return text;
}

} // namespace

void add_access_lists(archive_entry *entry, std::vector<ExtendedAttribute> &extended)
{
  const int types = ::archive_entry_acl_types(entry);
  if ((types & ARCHIVE_ENTRY_ACL_TYPE_NFS4) != 0)
    fail(Kind::untrusted, "it has an NFSv4 access control list, which Linux lacks");
  if ((types & ARCHIVE_ENTRY_ACL_TYPE_ACCESS) != 0)
    extended.push_back(
        {"system.posix_acl_access", kernel_text(read_list(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS))});
  if ((types & ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) != 0)
    extended.push_back({"system.posix_acl_default",
                        kernel_text(read_list(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT))});
}

} // namespace base
