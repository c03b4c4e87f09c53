import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Front } from '../contender.js'

/**
 * https://blog.nginx.org/blog/nginx-caching-guide, one worker so that it has one core as the others do, and connections to the
 * application kept open: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive
 */
const configuration = (data: string, port: number, origin: number): string => `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${data}/pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path ${data}/body;
  proxy_temp_path ${data}/proxy;
  fastcgi_temp_path ${data}/fastcgi;
  uwsgi_temp_path ${data}/uwsgi;
  scgi_temp_path ${data}/scgi;
  proxy_cache_path ${data}/cache levels=1:2 keys_zone=pages:10m max_size=256m inactive=60m use_temp_path=off;
  upstream application {
    server 127.0.0.1:${origin};
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_cache pages;
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`

export const nginx: Front = {
  kind: 'front',
  name: 'nginx before express',
  packages: [],
  program: 'nginx',
  answers: ['hit', 'miss', 'not-modified'],
  prepare: ({ data, port }, origin) =>
    writeFile(join(data, 'nginx.conf'), configuration(data, port, origin)),
  command: ({ data }) => ({
    file: 'nginx',
    args: ['-p', data, '-c', join(data, 'nginx.conf'), '-e', 'stderr'],
  }),
}
