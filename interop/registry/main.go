// A registry in memory for the lab: go-containerregistry's own, on several addresses that behave differently.
//
// What comes in: flags. What goes out: one handler, served plainly, after a delay, and with a referrers API that is out
// of order; and one line on standard output for each request.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	plain := flag.String("plain", "", "the `address` that answers at once")
	slow := flag.String("slow", "", "the `address` that waits before it answers")
	delay := flag.Duration("delay", 50*time.Millisecond, "how long -slow waits")
	broken := flag.String("broken", "", "the `address` whose referrers API answers 503")
	flag.Parse()

	quiet := registry.Logger(log.New(io.Discard, "", 0))
	content := registry.New(registry.WithReferrersSupport(true), quiet)
	serve := func(address string, before func(http.ResponseWriter, *http.Request) bool) {
		if address == "" {
			return
		}
		handler := http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
			fmt.Printf("%s %s %s\n", address, request.Method, request.URL)
			if before(answer, request) {
				content.ServeHTTP(answer, request)
			}
		})
		server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		go func() { log.Fatal(server.ListenAndServe()) }()
	}
	serve(*plain, func(http.ResponseWriter, *http.Request) bool { return true })
	serve(*slow, func(http.ResponseWriter, *http.Request) bool { time.Sleep(*delay); return true })
	serve(*broken, func(answer http.ResponseWriter, request *http.Request) bool {
		if strings.Contains(request.URL.Path, "/referrers/") {
			http.Error(answer, "out of order", http.StatusServiceUnavailable)
			return false
		}
		return true
	})
	select {}
}
