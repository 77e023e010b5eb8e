// Go's own server.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

func main() {
	counts := map[string]int{}
	var lock sync.Mutex
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	err = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		lock.Lock()
		defer lock.Unlock()
		if r.Method == http.MethodPost {
			counts[r.URL.Path]++
		}
		switch r.URL.Path {
		case "/count":
			_ = json.NewEncoder(w).Encode(counts)
		case "/nothing":
			w.WriteHeader(204)
			_, _ = w.Write([]byte("received"))
		case "/early":
			w.WriteHeader(103)
			_, _ = w.Write([]byte("ok"))
		case "/chunks":
			_, _ = w.Write([]byte("o"))
			w.(http.Flusher).Flush()
			_, _ = w.Write([]byte("k"))
		default:
			_, _ = w.Write([]byte("ok"))
		}
	}))
	panic(err)
}
