// Command etcd is the store and its two tools in one file: the name it is called by chooses.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"
	"go.etcd.io/etcd/server/v3/etcdmain"
)

// The snapshot that etcdctl takes is restored by etcdutl, which works on files and asks no server.
func runEtcdutl() {
	root := &cobra.Command{Use: "etcdutl", Short: "Work on the files of a stopped etcd"}
	root.PersistentFlags().StringVarP(
		&etcdutl.OutputFormat, "write-out", "w", "simple", "how answers look (fields, json, simple, table)",
	)
	root.AddCommand(
		etcdutl.NewDefragCommand(),
		etcdutl.NewHashKVCommand(),
		etcdutl.NewMigrateCommand(),
		etcdutl.NewSnapshotCommand(),
		etcdutl.NewVersionCommand(),
	)
	if root.Execute() != nil {
		os.Exit(1)
	}
}

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "etcdctl":
		ctlv3.MustStart()
	case "etcdutl":
		runEtcdutl()
	default:
		fmt.Fprintf(os.Stderr, "%s: call this file by one of the names etcd, etcdctl, etcdutl.\n", name)
		os.Exit(2)
	}
}
