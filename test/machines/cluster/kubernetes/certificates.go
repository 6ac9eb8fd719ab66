package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

const lifetime = 365 * 24 * time.Hour

// authority signs certificates and writes them to a folder as NAME.crt and NAME.key.
type authority struct {
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// certificatesCommand writes what the members of a new cluster prove themselves with.
func certificatesCommand() *cobra.Command {
	var folder string
	var addresses []net.IP
	var nodes []string
	command := &cobra.Command{
		Use: "certificates",
		RunE: func(*cobra.Command, []string) error {
			return writeCertificates(folder, addresses, nodes)
		},
	}
	command.Flags().StringVar(&folder, "folder", "", "where they go")
	command.Flags().IPSliceVar(&addresses, "addresses", nil, "where the API server is found")
	command.Flags().StringSliceVar(&nodes, "nodes", nil, "names of the nodes")
	return command
}

func writeCertificates(folder string, addresses []net.IP, nodes []string) error {
	signer, err := newAuthority(folder)
	if err != nil {
		return err
	}
	names := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	server := &x509.Certificate{Subject: pkix.Name{CommonName: "kube-apiserver"}, DNSNames: names, IPAddresses: addresses}
	if err := signer.write("kube-apiserver", server, x509.ExtKeyUsageServerAuth); err != nil {
		return err
	}
	clients := map[string]pkix.Name{
		"admin":                   {CommonName: "admin", Organization: []string{"system:masters"}},
		"front-proxy":             {CommonName: "front-proxy"},
		"kubelet-client":          {CommonName: "kubelet-client", Organization: []string{"system:masters"}},
		"kube-controller-manager": {CommonName: "system:kube-controller-manager"},
		"kube-scheduler":          {CommonName: "system:kube-scheduler"},
	}
	for _, node := range nodes {
		clients["kubelet-"+node] = pkix.Name{CommonName: "system:node:" + node, Organization: []string{"system:nodes"}}
	}
	for name, subject := range clients {
		if err := signer.write(name, &x509.Certificate{Subject: subject}, x509.ExtKeyUsageClientAuth); err != nil {
			return err
		}
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	return signer.writeKey("service-accounts", key)
}

func newAuthority(folder string) (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	certificate := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "callgate-test-cluster"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	signer := &authority{folder, certificate, key}
	return signer, signer.writeSigned("ca", certificate, key)
}

func (a *authority) write(name string, certificate *x509.Certificate, usage x509.ExtKeyUsage) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return err
	}
	certificate.SerialNumber = serial
	certificate.NotBefore = a.certificate.NotBefore
	certificate.NotAfter = a.certificate.NotAfter
	certificate.KeyUsage = x509.KeyUsageDigitalSignature
	certificate.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	return a.writeSigned(name, certificate, key)
}

func (a *authority) writeSigned(name string, certificate *x509.Certificate, key *ecdsa.PrivateKey) error {
	signed, err := x509.CreateCertificate(rand.Reader, certificate, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return err
	}
	if err := a.writePEM(name+".crt", "CERTIFICATE", signed); err != nil {
		return err
	}
	return a.writeKey(name, key)
}

func (a *authority) writeKey(name string, key *ecdsa.PrivateKey) error {
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return a.writePEM(name+".key", "EC PRIVATE KEY", encoded)
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (a *authority) writePEM(file string, kind string, bytes []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
	return os.WriteFile(filepath.Join(a.folder, file), text, 0o600)
}
