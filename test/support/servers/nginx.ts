import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer, type Server } from './server.js'

export interface NginxOptions {
  /** Ports of the servers that requests go to, one after the other. */
  readonly upstreams: readonly number[]
}

/**
 * Starts an `nginx` that balances over servers of the application, round robin. What a server does not answer goes to the next one; the
 * response field `x-upstream` says which has answered.
 */
export async function startNginx({ upstreams }: NginxOptions): Promise<Server> {
  return startServer({
    name: 'nginx',
    prepare: ({ data, port }) => writeFile(join(data, 'nginx.conf'), config(port, upstreams)),
    command: ({ data }) => ({
      file: 'nginx',
      args: ['-p', data, '-c', join(data, 'nginx.conf'), '-e', 'stderr'],
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin` },
    }),
    ready: async (port) => {
      await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' })
    },
    url: (port) => `http://127.0.0.1:${port}`,
  })
}

function config(port: number, upstreams: readonly number[]): string {
  const servers = upstreams.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join(' ')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${name};`)
    .join('\n  ')
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary}
  upstream application { ${servers} keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_connect_timeout 1s;
      add_header x-upstream $upstream_addr always;
    }
  }
}
`
}
