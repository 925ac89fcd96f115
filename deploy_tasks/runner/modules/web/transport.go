package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"runner/fmt"
	"runner/modules/kit"
)

// trust says whose certificates count, and which one we show.
type trust struct {
	validate        bool
	file, cert, key string
}

// maxHeader is how many bytes of headers an answer may have, and maxCertificates how many a file of certificates.
const (
	maxHeader       = 1 << 20
	maxCertificates = 32 << 20
)

// moreAuthorities are folders whose certificates Ansible trusts beside those of the system.
var moreAuthorities = []string{"/etc/pki/ca-trust/extracted/pem", "/etc/pki/tls/certs", "/usr/share/ca-certificates/cacert.org", "/etc/ansible"}

// transport makes connections as the options say; each serves one request.
func (o *options) transport() (*http.Transport, error) {
	config, err := o.tls()
	if err != nil {
		return nil, err
	}
	t := &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: config, DialContext: o.dial,
		TLSHandshakeTimeout: o.timeout, MaxResponseHeaderBytes: maxHeader,
		// HTTP/1.1 alone, as Ansible: what servers answer depends on it.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	if o.proxied && o.socket == "" {
		t.Proxy = o.proxy
	}
	return t, nil
}

func (o *options) tls() (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: !o.trust.validate}
	if o.trust.cert != "" {
		key := o.trust.key
		if key == "" {
			key = o.trust.cert
		}
		pair, err := tls.LoadX509KeyPair(o.trust.cert, key)
		if err != nil {
			return nil, fmt.Errorf("client_cert cannot be used: %s", kit.Reason(err))
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if !o.trust.validate {
		return config, nil
	}
	pool, err := o.authorities()
	config.RootCAs = pool
	return config, err
}

// authorities are the certificates that a server's may be signed with.
func (o *options) authorities() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if o.trust.file != "" {
		pem, err := readCertificates(o.trust.file)
		if err != nil {
			return nil, fmt.Errorf("ca_path cannot be used: %s", kit.Reason(err))
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_path cannot be used: no certificate in %s", o.trust.file)
		}
		return pool, nil
	}
	if named := kit.Environ(o.call.Env, "SSL_CERT_FILE"); named != "" {
		if pem, err := readCertificates(named); err == nil {
			pool.AppendCertsFromPEM(pem)
		}
	} else if system, err := x509.SystemCertPool(); err == nil {
		pool = system
	}
	for _, folder := range moreAuthorities {
		addFolder(pool, folder)
	}
	return pool, nil
}

func addFolder(pool *x509.CertPool, folder string) {
	entries, _ := os.ReadDir(folder) // most hosts have none of them
	for _, e := range entries {
		if slices.Contains([]string{".pem", ".cer", ".crt"}, filepath.Ext(e.Name())) {
			if pem, err := readCertificates(filepath.Join(folder, e.Name())); err == nil {
				pool.AppendCertsFromPEM(pem)
			}
		}
	}
}

func readCertificates(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCertificates+1))
	if err == nil && len(b) > maxCertificates {
		err = fmt.Errorf("%s has more than %d bytes", path, maxCertificates)
	}
	return b, err
}

// dial connects to the host of the URL, or to the socket that the task names instead.
func (o *options) dial(ctx context.Context, network, host string) (net.Conn, error) {
	d := net.Dialer{Timeout: o.timeout}
	if o.socket != "" {
		network, host = "unix", o.socket
	}
	conn, err := d.DialContext(ctx, network, host)
	if err != nil {
		return nil, err
	}
	return &patientConn{conn, o.timeout}, nil
}

// patientConn waits so long for each of its steps, as Python's sockets do: a slow answer may take longer as a whole.
type patientConn struct {
	net.Conn
	limit time.Duration
}

func (p *patientConn) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(p.limit)); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

// Write moves the time for reading too: an answer is waited for while a long body is still on its way.
func (p *patientConn) Write(b []byte) (int, error) {
	if err := p.SetDeadline(time.Now().Add(p.limit)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// unreached words why there is no answer, as Ansible does; nothing of the URL is in it.
func (o *options) unreached(err error) string {
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch no, isErrno := kit.ErrnoOf(err); {
	case o.call.Ctx.Err() != nil:
		return "the request was stopped: " + orText(kit.ContextCause(o.call), "the task was cancelled")
	case errors.As(err, &untrusted):
		return "Request failed: <urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: " + untrusted.Err.Error() + ">"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "Request failed: <urlopen error timed out>"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "Request failed: <urlopen error [Errno -2] Name or service not known>"
	case isErrno:
		return fmt.Sprintf("Request failed: <urlopen error [Errno %d] %s>", int(no), kit.Sentence(no.Error()))
	}
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return "Request failed: <urlopen error timed out>"
	}
	return "Connection failure: " + err.Error()
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
