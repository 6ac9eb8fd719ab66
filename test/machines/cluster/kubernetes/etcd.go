package main

import (
	"net/url"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcdCommand serves one member alone. What it writes need not outlive the machine, so that nothing waits for the disk.
func etcdCommand() *cobra.Command {
	config := embed.NewConfig()
	config.UnsafeNoFsync = true
	config.LogLevel = "warn"
	var clients, peers string
	command := &cobra.Command{
		Use: "etcd",
		RunE: func(command *cobra.Command, _ []string) error {
			config.ListenClientUrls = urls(clients)
			config.AdvertiseClientUrls = config.ListenClientUrls
			config.ListenPeerUrls = urls(peers)
			config.AdvertisePeerUrls = config.ListenPeerUrls
			config.InitialCluster = config.InitialClusterFromName(config.Name)
			return serve(command, config)
		},
	}
	command.Flags().StringVar(&config.Dir, "data-dir", "", "folder of the data")
	command.Flags().StringVar(&clients, "clients", "127.0.0.1:2379", "where clients are served")
	command.Flags().StringVar(&peers, "peers", "127.0.0.1:2380", "where other members would be")
	return command
}

func serve(command *cobra.Command, config *embed.Config) error {
	stop, cancel := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	member, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer member.Close()
	select {
	case <-stop.Done():
		return nil
	case err := <-member.Err():
		return err
	}
}

func urls(address string) []url.URL {
	return []url.URL{{Scheme: "http", Host: address}}
}
