// SPDX-License-Identifier: Apache-2.0
#include "support/nginx_server.hpp"

#include "base/handles.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace support {

namespace {

void require(bool good)
{
  if (!good)
    throw std::runtime_error("nginx cannot be started; tools/install-packages has nginx-light");
}

std::string tls_lines(const NginxTls &tls)
{
  std::string lines = "    ssl_certificate server.pem;\n    ssl_certificate_key server.key;\n";
  if (!tls.client_authority.empty())
    lines += "    ssl_client_certificate clients.pem;\n    ssl_verify_client on;\n";
  return lines;
}

std::string configuration(int port, const std::optional<NginxTls> &tls)
{
  // Without a master, nginx crashes over a socket that it took over. Its worker would be nobody,
  // who cannot read our tree.
  const std::string user = ::geteuid() == 0 ? "user root;\n" : "";
  return user +
         "daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log;\n"
         "events { worker_connections 256; }\n"
         "http {\n"
         "  log_format plain '$connection $server_protocol $status $uri';\n"
         "  access_log access.log plain;\n"
         "  client_body_temp_path body;\n  proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n"
         "  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n"
         "  server {\n"
         "    listen 127.0.0.1:" +
         std::to_string(port) + (tls ? " ssl http2;\n" + tls_lines(*tls) : ";\n") +
         "    root files;\n  }\n}\n";
}

} // namespace

NginxServer::NginxServer(const std::optional<NginxTls> &tls)
{
  // nginx takes over a socket that listens already, so there is no port to guess and no moment in
  // which a client would find nobody there.
  const base::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto *generic = reinterpret_cast<sockaddr *>(&address);
  require(::bind(listener.number(), generic, size) == 0);
  require(::listen(listener.number(), 64) == 0);
  require(::getsockname(listener.number(), generic, &size) == 0);
  const int port = ntohs(address.sin_port);

  root_.write("files/", "");
  root_.write("nginx.conf", configuration(port, tls));
  if (tls) {
    root_.write("server.pem", tls->identity.certificate);
    root_.write("server.key", tls->identity.key);
    root_.write("clients.pem", tls->client_authority);
  }
  origin_ = (tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port);
  start(listener.number());
}

void NginxServer::start(int listener)
{
  const std::string program = ::access("/usr/sbin/nginx", X_OK) == 0 ? "/usr/sbin/nginx" : "nginx";
  const std::string prefix = root_.path() + "/";
  const std::string errors = prefix + "error.log";
  const std::string configuration_file = prefix + "nginx.conf";
  process_ = ::fork();
  require(process_ >= 0);
  if (process_ > 0)
    return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);    // which the master passes on to its worker
  const int inherited = ::dup(listener); // without FD_CLOEXEC
  ::setenv("NGINX", (std::to_string(inherited) + ";").c_str(), 1);
  ::execlp(program.c_str(),
           "nginx",
           "-p",
           prefix.c_str(),
           "-e",
           errors.c_str(),
           "-c",
           configuration_file.c_str(),
           nullptr);
  ::_exit(127);
}

NginxServer::~NginxServer()
{
  finish();
}

std::string NginxServer::finish()
{
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  return root_.exists("access.log") ? root_.read("access.log") : std::string();
}

} // namespace support
