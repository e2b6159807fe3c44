// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"

#include <fcntl.h>
#include <libcryptsetup.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

namespace base {

namespace {

using Context = Unique<crypt_device, crypt_free>;

constexpr std::size_t sha256_size = 32;

// Somebody else may be in the midst of setting up a device of that name, or of taking it away.
constexpr int tries = 20;
constexpr std::chrono::milliseconds pause{50};

void keep_errors(int level, const char *message, void *words)
{
  if (level == CRYPT_LOG_ERROR)
    static_cast<std::string *>(words)->append(message);
}

/// What libcryptsetup says while this object lives; without a context, and with any.
class Words {
public:
  Words() { crypt_set_log_callback(nullptr, keep_errors, &text_); }

  Words(const Words &) = delete;
  Words &operator=(const Words &) = delete;

  ~Words() { crypt_set_log_callback(nullptr, nullptr, nullptr); }

  [[nodiscard]] std::string take()
  {
    std::string taken = std::exchange(text_, {});
    std::replace(taken.begin(), taken.end(), '\n', ' ');
    return taken;
  }

private:
  std::string text_;
};

const char *chars(Bytes bytes)
{
  return reinterpret_cast<const char *>(bytes.data());
}

std::string name_of(const Fd &fd)
{
  return fmt::format("/proc/self/fd/{}", fd.number());
}

crypt_params_verity parameters_of(const NewVerity &device, const std::string &data)
{
  crypt_params_verity parameters{};
  parameters.hash_name = "sha256";
  parameters.data_device = data.c_str();
  parameters.salt = chars(device.salt);
  parameters.salt_size = static_cast<std::uint32_t>(device.salt.size());
  parameters.hash_type = 1;
  parameters.data_block_size = device.data_block_size;
  parameters.hash_block_size = device.hash_block_size;
  parameters.data_size = device.data_blocks;
  parameters.hash_area_offset = device.hash_block_size;
  parameters.flags = CRYPT_VERITY_NO_HEADER; // its fields were judged: it is not read a second time
  return parameters;
}

bool is_of(const Bytes &wanted, const char *found, std::size_t length)
{
  return wanted.size() == length && std::memcmp(wanted.data(), found, length) == 0;
}

/// What keeps the device that is there from being taken for the one that is wanted.
std::optional<std::string> difference(crypt_device *present, const NewVerity &wanted)
{
  crypt_params_verity found{};
  std::array<char, sha256_size> root_hash{};
  std::size_t length = root_hash.size();
  if (crypt_get_verity_info(present, &found) < 0 ||
      crypt_volume_key_get(present, CRYPT_ANY_SLOT, root_hash.data(), &length, nullptr, 0) < 0)
    return "is no dm-verity device";
  if (!is_of(wanted.root_hash, root_hash.data(), length))
    return "has another root hash";
  if (found.data_block_size != wanted.data_block_size ||
      found.hash_block_size != wanted.hash_block_size || found.data_size != wanted.data_blocks ||
      !is_of(wanted.salt, found.salt, found.salt_size))
    return "has another size, block size or salt";
  if (!wanted.signature.empty() && (found.flags & CRYPT_VERITY_ROOT_HASH_SIGNATURE) == 0)
    return "is in use and was set up without a signature";
  return std::nullopt;
}

/// The device, if it is there as yet.
Fd open_device(const std::string &name)
{
  return Fd(::open(fmt::format("{}/{}", crypt_get_dir(), name).c_str(), O_RDONLY | O_CLOEXEC));
}

/// From here on it goes when nobody has it open any more.
void let_go_when_unused(crypt_device *context, const std::string &name, Words &words)
{
  const int result = crypt_deactivate_by_name(context, name.c_str(), CRYPT_DEACTIVATE_DEFERRED);
  if (result < 0)
    fail_os(-result, "cannot have {} removed when it is unused: {}", name, words.take());
}

Fd take_over(crypt_device *present, const NewVerity &wanted, Words &words)
{
  if (const auto why = difference(present, wanted))
    fail(Kind::io, "the device /dev/mapper/{} {}", wanted.name, *why);
  Fd device = open_device(wanted.name);
  if (device.valid())
    let_go_when_unused(present, wanted.name, words);
  return device;
}

/// Less than zero: an errno, why there is none now.
int set_up(const NewVerity &wanted)
{
  const std::string data = name_of(*wanted.data);
  crypt_device *made = nullptr;
  if (const int result = crypt_init(&made, name_of(*wanted.tree).c_str()); result < 0)
    return result;
  const Context context(made);
  crypt_params_verity parameters = parameters_of(wanted, data);
  if (const int result =
          crypt_format(made, CRYPT_VERITY, nullptr, nullptr, nullptr, nullptr, 0, &parameters);
      result < 0)
    return result;
  const auto *root_hash = chars(wanted.root_hash);
  const std::size_t length = wanted.root_hash.size();
  return wanted.signature.empty()
             ? crypt_activate_by_volume_key(
                   made, wanted.name.c_str(), root_hash, length, CRYPT_ACTIVATE_READONLY)
             : crypt_activate_by_signed_key(made,
                                            wanted.name.c_str(),
                                            root_hash,
                                            length,
                                            wanted.signature.data(),
                                            wanted.signature.size(),
                                            CRYPT_ACTIVATE_READONLY);
}

dm_ioctl request_about(const std::string &name)
{
  dm_ioctl request{};
  request.version[0] = DM_VERSION_MAJOR;
  request.data_size = sizeof request;
  name.copy(request.name, sizeof request.name - 1);
  return request;
}

/// A kill while a device was being set up leaves its name without a table, which libcryptsetup
/// neither uses nor removes.
void remove_unfinished(const std::string &name)
{
  const Fd control(::open("/dev/mapper/control", O_RDWR | O_CLOEXEC));
  dm_ioctl status = request_about(name);
  if (!control.valid() || ::ioctl(control.number(), DM_DEV_STATUS, &status) < 0 ||
      status.target_count > 0)
    return;
  dm_ioctl removal = request_about(name);
  (void)::ioctl(control.number(), DM_DEV_REMOVE, &removal); // who needs the name will see
}

} // namespace

void LinuxSys::let_go_mapped(const std::string &name)
{
  const Fd control(::open("/dev/mapper/control", O_RDWR | O_CLOEXEC));
  if (!control.valid())
    fail_errno("cannot open /dev/mapper/control");
  dm_ioctl removal = request_about(name);
  removal.flags = DM_DEFERRED_REMOVE;
  if (::ioctl(control.number(), DM_DEV_REMOVE, &removal) < 0 && errno != ENXIO)
    fail_errno("cannot have the device /dev/mapper/{} removed when it is unused", name);
}

Fd LinuxSys::attach_verity(const NewVerity &device)
{
  Words words;
  int result = 0;
  for (int left = tries; left > 0; --left) {
    crypt_device *found = nullptr;
    result = crypt_init_by_name(&found, device.name.c_str());
    const Context present(found);
    if (result == 0) {
      if (Fd taken = take_over(found, device, words); taken.valid())
        return taken;
    } else if (result == -ENODEV) {
      (void)words.take(); // it says so as if it were an error
      result = set_up(device);
      if (result == 0)
        continue;
      if (result != -EEXIST && result != -EBUSY)
        fail_os(-result, "cannot set up the dm-verity device {}: {}", device.name, words.take());
    }
    if (left == tries / 2)
      remove_unfinished(device.name);
    std::this_thread::sleep_for(pause);
  }
  if (result == -EBUSY)
    fail(
        Kind::io,
        "the dm-verity device {} cannot be set up, because something else lies on what it is to be "
        "of, which \"dmsetup ls --tree\" and \"findmnt\" show: {}",
        device.name,
        words.take());
  fail(
      Kind::io,
      "the device /dev/mapper/{} is there and cannot be used; take it away with dmsetup remove: {}",
      device.name,
      words.take());
}

} // namespace base
