// The receiver of the benchmarks: counts calls by their path, and notes when each webhook-id was first accepted.
//
// Listens at the address that is its argument, prints it with the port, and ends when its standard input does, so that
// it never outlives the process that started it. Times are microseconds since its own start, by the monotonic clock;
// GET /admin/clock tells the present one.
package main

import (
	"context"
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

// What is done with a call. A path that ends in a slash is for all that begin with it and have none of their own.
type behaviour struct {
	DelayMs    float64 `json:"delayMs"`
	StatusCode int     `json:"statusCode"`
	Hang       bool    `json:"hang"`
}

type behaviours map[string]behaviour

// That of the path itself, else of its longest beginning.
func (all behaviours) of(path string) behaviour {
	found, length := behaviour{}, 0
	for key, each := range all {
		if len(key) > length && (key == path || strings.HasSuffix(key, "/") && strings.HasPrefix(path, key)) {
			found, length = each, len(key)
		}
	}
	if found.StatusCode == 0 {
		found.StatusCode = http.StatusOK
	}
	return found
}

// Answers it with a 2xx: the notification has arrived.
func (b behaviour) accepts() bool {
	return !b.Hang && b.StatusCode >= 200 && b.StatusCode < 300
}

// Until the answer, or until the caller has gone.
func (b behaviour) wait(caller context.Context) {
	if b.Hang {
		<-caller.Done()
	} else if b.DelayMs > 0 {
		timer := time.NewTimer(time.Duration(b.DelayMs * float64(time.Millisecond)))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-caller.Done():
		}
	}
}

type pathCounts struct {
	Calls       int `json:"calls"`
	Accepted    int `json:"accepted"`
	InFlight    int `json:"inFlight"`
	MaxInFlight int `json:"maxInFlight"`
}

type receiver struct {
	mutex      sync.Mutex
	calls      int
	arrivals   map[string]int64
	paths      map[string]*pathCounts
	behaviours behaviours
}

var answer = []byte(`{"received":true}`)

func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	if _, err := io.Copy(io.Discard, request.Body); err != nil {
		return // A caller that leaves in the middle of it has not called.
	}
	each, counts := r.begin(request.URL.Path, request.Header.Get("webhook-id"))
	each.wait(request.Context())
	// Before the answer is out: the next call may be here as soon as it is.
	r.mutex.Lock()
	counts.InFlight--
	r.mutex.Unlock()
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(each.StatusCode)
	w.Write(answer)
}

func (r *receiver) begin(path string, id string) (behaviour, *pathCounts) {
	at := nowUs()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	counts, known := r.paths[path]
	if !known {
		counts = &pathCounts{}
		r.paths[path] = counts
	}
	each := r.behaviours.of(path)
	r.calls++
	counts.Calls++
	counts.InFlight++
	if counts.InFlight > counts.MaxInFlight {
		counts.MaxInFlight = counts.InFlight
	}
	if each.accepts() {
		counts.Accepted++
		if _, known := r.arrivals[id]; !known {
			r.arrivals[id] = at
		}
	}
	return each, counts
}

// Answers with what is read, as JSON.
func (r *receiver) show(read func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		json.NewEncoder(w).Encode(read())
	}
}

// What is in flight ends on the counts it began on.
func (r *receiver) forget() {
	r.calls = 0
	r.arrivals = map[string]int64{}
	r.paths = map[string]*pathCounts{}
}

func (r *receiver) behave(before func()) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		var given behaviours
		if err := json.NewDecoder(request.Body).Decode(&given); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.mutex.Lock()
		defer r.mutex.Unlock()
		before()
		r.behaviours = given
	}
}

func main() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := &receiver{}
	r.forget()
	mux := http.NewServeMux()
	mux.HandleFunc("/", r.take)
	mux.HandleFunc("/admin/clock", r.show(func() any { return nowUs() }))
	mux.HandleFunc("/admin/count", r.show(func() any {
		return map[string]int{"calls": r.calls, "notifications": len(r.arrivals)}
	}))
	mux.HandleFunc("/admin/arrivals", r.show(func() any { return r.arrivals }))
	mux.HandleFunc("/admin/paths", r.show(func() any { return r.paths }))
	mux.HandleFunc("/admin/reset", r.behave(r.forget))
	mux.HandleFunc("/admin/behave", r.behave(func() {}))
	fmt.Println(listener.Addr().String())
	fmt.Fprintln(os.Stderr, http.Serve(listener, mux))
	os.Exit(1)
}
