// SPDX-License-Identifier: Apache-2.0
#include "support/loopback_server.hpp"

#include "base/handles.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace support {

namespace {

using TlsContext = base::Unique<SSL_CTX, SSL_CTX_free>;
using Tls = base::Unique<SSL, SSL_free>;

void require(bool good)
{
  if (!good)
    throw std::runtime_error("the loopback server cannot be set up");
}

TlsContext context_for(const Identity &identity)
{
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  require(context != nullptr);
  const auto memory = [](const std::string &text) {
    return base::Unique<BIO, BIO_free_all>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  };
  const auto certificate_text = memory(identity.certificate);
  const auto key_text = memory(identity.key);
  const base::Unique<X509, X509_free> certificate(
      PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
  const base::Unique<EVP_PKEY, EVP_PKEY_free> key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  require(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  require(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

/// A client that goes away in the middle must not end the tests.
void ignore_broken_pipes()
{
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

class Socket final : public Connection {
public:
  Socket(base::Fd fd, int stop, SSL_CTX *context) : fd_(std::move(fd)), stop_(stop)
  {
    if (context == nullptr)
      return;
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), fd_.number());
    if (!readable() || SSL_accept(tls_.get()) != 1)
      open_ = false;
  }

  [[nodiscard]] bool open() const { return open_; }

  void send(std::string_view bytes) override
  {
    while (open_ && !bytes.empty()) {
      const auto sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(fd_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        open_ = false;
      else
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void close() override
  {
    if (tls_ && open_)
      SSL_shutdown(tls_.get());
    // Unread bytes would turn the end into RST and could take the answer with them.
    ::shutdown(fd_.number(), SHUT_WR);
    open_ = false;
  }

  void reset() override
  {
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    open_ = false;
  }

  void stall() override
  {
    while (!receive().empty()) {
    }
    open_ = false;
  }

  /// The next bytes; nothing at the end.
  std::string receive()
  {
    std::array<char, 4096> buffer;
    const bool buffered = tls_ && SSL_pending(tls_.get()) > 0;
    if (!open_ || (!buffered && !readable()))
      return {};
    const auto got = tls_ ? SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()))
                          : ::recv(fd_.number(), buffer.data(), buffer.size(), 0);
    return got <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(got));
  }

private:
  bool readable()
  {
    std::array<pollfd, 2> polled = {{{fd_.number(), POLLIN, 0}, {stop_, POLLIN, 0}}};
    return ::poll(polled.data(), polled.size(), -1) > 0 && polled[1].revents == 0;
  }

  base::Fd fd_;
  int stop_;
  Tls tls_;
  bool open_ = true;
};

Request parse(const std::string &head, std::size_t connection)
{
  Request request;
  request.connection = connection;
  std::istringstream lines(head);
  std::string line;
  std::getline(lines, line);
  std::istringstream(line) >> request.method >> request.target;
  while (std::getline(lines, line)) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos)
      continue;
    std::string name = line.substr(0, colon);
    std::ranges::transform(
        name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.fields[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  return request;
}

} // namespace

std::string Request::field(const std::string &name) const
{
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

struct LoopbackServer::State {
  std::vector<Answer> answers;
  TlsContext context;
  base::Fd listener;
  base::Fd stop;
  std::string origin;
  mutable std::mutex mutex; // of what follows
  std::vector<Request> requests;
  std::vector<std::thread> connections;
  std::thread acceptor;

  void listen();
  void accept_all();
  void serve(base::Fd client, std::size_t number);
};

void LoopbackServer::State::listen()
{
  listener = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  stop = base::Fd(::eventfd(0, EFD_CLOEXEC));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto *generic = reinterpret_cast<sockaddr *>(&address);
  require(::bind(listener.number(), generic, size) == 0);
  require(::listen(listener.number(), 64) == 0);
  require(::getsockname(listener.number(), generic, &size) == 0);
  origin = (context ? "https://127.0.0.1:" : "http://127.0.0.1:") +
           std::to_string(ntohs(address.sin_port));
}

void LoopbackServer::State::accept_all()
{
  ignore_broken_pipes();
  for (std::size_t number = 0;; ++number) {
    std::array<pollfd, 2> polled = {{{listener.number(), POLLIN, 0}, {stop.number(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 || polled[1].revents != 0)
      return;
    base::Fd client(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::lock_guard lock(mutex);
    connections.emplace_back(
        [this, number, moved = std::move(client)]() mutable { serve(std::move(moved), number); });
  }
}

void LoopbackServer::State::serve(base::Fd client, std::size_t number)
{
  ignore_broken_pipes();
  Socket connection(std::move(client), stop.number(), context.get());
  std::string pending;
  while (connection.open()) {
    const auto end = pending.find("\r\n\r\n");
    if (end == std::string::npos) {
      const std::string more = connection.receive();
      if (more.empty())
        return;
      pending += more;
      continue;
    }
    const Request request = parse(pending.substr(0, end + 2), number);
    pending.erase(0, end + 4);
    std::size_t turn = 0;
    {
      const std::lock_guard lock(mutex);
      turn = std::min(requests.size(), answers.size() - 1);
      requests.push_back(request);
    }
    answers[turn](request, connection);
  }
}

LoopbackServer::LoopbackServer(std::vector<Answer> answers, std::optional<Identity> tls)
    : state_(std::make_unique<State>())
{
  state_->answers = std::move(answers);
  if (tls)
    state_->context = context_for(*tls);
  state_->listen();
  state_->acceptor = std::thread([this] { state_->accept_all(); });
}

LoopbackServer::~LoopbackServer()
{
  ::eventfd_write(state_->stop.number(), 1);
  state_->acceptor.join();
  for (std::thread &connection : state_->connections)
    connection.join();
}

const std::string &LoopbackServer::origin() const
{
  return state_->origin;
}

std::vector<Request> LoopbackServer::requests() const
{
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

Answer LoopbackServer::object(const std::string &body, const std::string &etag)
{
  return [body, etag](const Request &request, Connection &connection) {
    const std::string range = request.field("range");
    const bool same = request.field("if-range") == etag;
    if (request.field("if-none-match") == etag)
      return reply(304, {"ETag: " + etag}, "")(request, connection);
    if (!range.starts_with("bytes=") || !same)
      return reply(200, {"ETag: " + etag}, body)(request, connection);
    const std::size_t from = std::stoul(range.substr(6));
    const std::string total = "/" + std::to_string(body.size());
    if (from >= body.size())
      return reply(416, {"Content-Range: bytes *" + total}, "")(request, connection);
    const std::string part = std::to_string(from) + "-" + std::to_string(body.size() - 1) + total;
    reply(206, {"ETag: " + etag, "Content-Range: bytes " + part}, body.substr(from))(request,
                                                                                     connection);
  };
}

Answer
LoopbackServer::reply(int status, const std::vector<std::string> &fields, const std::string &body)
{
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Any\r\n";
  for (const std::string &field : fields)
    text += field + "\r\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  return [text](const Request &, Connection &connection) { connection.send(text); };
}

Answer LoopbackServer::raw(const std::string &bytes)
{
  return [bytes](const Request &, Connection &connection) {
    connection.send(bytes);
    connection.close();
  };
}

Answer LoopbackServer::raw_then_reset(const std::string &bytes)
{
  return [bytes](const Request &, Connection &connection) {
    connection.send(bytes);
    connection.reset();
  };
}

Answer LoopbackServer::raw_then_stall(const std::string &bytes)
{
  return [bytes](const Request &, Connection &connection) {
    connection.send(bytes);
    connection.stall();
  };
}

} // namespace support
