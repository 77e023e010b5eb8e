// The receiver of the benchmarks: counts calls by their webhook-id and notes when each came first.
//
// Prints its address, and ends when its standard input does, so that it never outlives who started it.
// Times are microseconds since its own start, by the monotonic clock; GET /admin/clock tells the present one.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

var start = time.Now()

func nowUs() int64 { return time.Since(start).Microseconds() }

type receiver struct {
	mutex    sync.Mutex
	calls    int
	arrivals map[string]int64
	// By the beginning of the path.
	delays map[string]time.Duration
}

var answer = []byte(`{"received":true}`)

func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	io.Copy(io.Discard, request.Body)
	at := nowUs()
	id := request.Header.Get("webhook-id")
	r.mutex.Lock()
	r.calls++
	if _, known := r.arrivals[id]; !known {
		r.arrivals[id] = at
	}
	var delay time.Duration
	for prefix, each := range r.delays {
		if strings.HasPrefix(request.URL.Path, prefix) {
			delay = each
		}
	}
	r.mutex.Unlock()
	if delay > 0 {
		time.Sleep(delay)
	}
	w.Header().Set("content-type", "application/json")
	w.Write(answer)
}

func (r *receiver) count(w http.ResponseWriter, _ *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	fmt.Fprintf(w, `{"calls":%d,"notifications":%d}`, r.calls, len(r.arrivals))
}

func (r *receiver) list(w http.ResponseWriter, _ *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	out := bufio.NewWriter(w)
	defer out.Flush()
	json.NewEncoder(out).Encode(r.arrivals)
}

// Forgets what came so far and takes the delays given, milliseconds by the beginning of the path.
func (r *receiver) reset(w http.ResponseWriter, request *http.Request) {
	var delaysMs map[string]float64
	if err := json.NewDecoder(request.Body).Decode(&delaysMs); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.calls = 0
	r.arrivals = map[string]int64{}
	r.delays = map[string]time.Duration{}
	for prefix, ms := range delaysMs {
		r.delays[prefix] = time.Duration(ms * float64(time.Millisecond))
	}
}

func main() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := &receiver{arrivals: map[string]int64{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/", r.take)
	mux.HandleFunc("/admin/clock", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, nowUs()) })
	mux.HandleFunc("/admin/count", r.count)
	mux.HandleFunc("/admin/arrivals", r.list)
	mux.HandleFunc("/admin/reset", r.reset)
	fmt.Println(listener.Addr().String())
	fmt.Fprintln(os.Stderr, http.Serve(listener, mux))
	os.Exit(1)
}
