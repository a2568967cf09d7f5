/**
 * A web site for a machine's busybox httpd, as one shell command: pages and what belongs to them in /www, programs in
 * /www/cgi-bin, and a WebSocket on port 7000 by nc and a shell script.
 */
export const previewSite: string = [
  'mkdir -p /www/cgi-bin /www/sub',
  `cat > /www/index.html <<'EOF'
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Guest</title>
<link rel="stylesheet" href="/style.css">
<script src="script.js"></script></head>
<body><h1 id="heading">Hello from a guest</h1>
<img id="picture" src="dot.gif" alt="A dot">
<a id="link" href="sub/page.html">further</a>
<a id="absolute" href="http://web/sub/page.html">by name</a>
<a id="moved" href="/cgi-bin/moved">moved</a>
<form id="form" action="/cgi-bin/form" method="post"><input name="word" value="a &amp; b"><button>Send</button></form>
<p id="script">no script</p></body></html>
EOF`,
  `printf 'h1 { color: rgb(1, 2, 3); background: url("dot.gif") }' > /www/style.css`,
  `echo 'addEventListener("DOMContentLoaded", () => { document.getElementById("script").textContent = "script ran"; });' > /www/script.js`,
  `echo R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs= | base64 -d > /www/dot.gif`,
  `echo '<!doctype html><title>Sub</title><h1>A page below</h1><a id="up" href="../index.html">up</a>' > /www/sub/page.html`,
  `cat > /www/cgi-bin/form <<'EOF'
#!/bin/sh
body=$(head -c "$CONTENT_LENGTH")
printf 'Content-Type: text/html\\r\\n\\r\\n<h1>Got %s</h1>' "$body"
EOF`,
  `cat > /www/cgi-bin/moved <<'EOF'
#!/bin/sh
printf 'Status: 302 Found\\r\\nLocation: http://web/cgi-bin/cookie\\r\\nSet-Cookie: visits=1; Path=/\\r\\n\\r\\n'
EOF`,
  `cat > /www/cgi-bin/cookie <<'EOF'
#!/bin/sh
printf 'Content-Type: text/html\\r\\n\\r\\n<h1>Cookies: %s</h1>' "$HTTP_COOKIE"
EOF`,
  `cat > /www/cgi-bin/slow <<'EOF'
#!/bin/sh
printf 'Content-Type: text/html\\r\\n\\r\\n<h1>Begun</h1>'
sleep 1000
EOF`,
  `cat > /www/cgi-bin/endless <<'EOF'
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
cat /dev/zero
EOF`,
  'chmod +x /www/cgi-bin/*',
  'httpd -p 80 -h /www',
  `cat > /tmp/socket <<'EOF'
#!/bin/sh
while read -r line; do
  line=\${line%?}
  case "$line" in Sec-WebSocket-Key:*) key=\${line#*: } ;; "") break ;; esac
done
accept=$(printf '%b' "$(printf '%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11' "$key" | sha1sum | cut -c1-40 | sed 's/../\\\\x&/g')" | base64)
printf 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n' "$accept"
printf '\\201\\012from guest'
exec cat > /tmp/socket.bin
EOF`,
  'chmod +x /tmp/socket',
  `setsid sh -c 'while true; do nc -l -p 7000 -e /tmp/socket; done' > /dev/null 2>&1 < /dev/null &`,
].join('\n');
