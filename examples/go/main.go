// A receiver with Go's own packages. Run it with WEBHOOK_SECRET=whsec_… go run .
//
// WEBHOOK_SECRET may hold several secrets, separated by spaces. WEBHOOK_TOLERANCE is in seconds, 300 by default.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const maxBodyBytes = 20 << 20

type receiver struct {
	keys      [][]byte
	tolerance int64
	// In memory, for brevity. Use a table with a unique index on the webhook-id, and store the body in the same
	// statement: once you have answered, nobody sends it again. Forget an id after three days.
	lock  sync.Mutex
	inbox map[string][]byte
	// What is to be processed, by webhook-id.
	waiting chan string
}

func (r *receiver) isGenuine(header http.Header, body []byte) bool {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	if age := time.Now().Unix() - seconds; age > r.tolerance || -age > r.tolerance {
		return false
	}
	for _, key := range r.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		for _, each := range strings.Split(header.Get("webhook-signature"), " ") {
			if hmac.Equal([]byte(each), expected) {
				return true
			}
		}
	}
	return false
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	// The raw bytes: what a parser writes again has another signature.
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBodyBytes))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := request.Header.Get("webhook-id")
	if id == "" {
		// The platform's own call, when a flow is complete. It proves nothing about its sender.
		fmt.Println("flow complete")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !r.isGenuine(request.Header, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.lock.Lock()
	_, isRepeat := r.inbox[id]
	if !isRepeat {
		r.inbox[id] = body
	}
	r.lock.Unlock()
	if isRepeat {
		fmt.Println("repeat", id)
	} else {
		r.waiting <- id
	}
	w.WriteHeader(http.StatusNoContent)
}

type sms struct {
	ID             string `json:"id"`
	DeliveryStatus string `json:"deliveryStatus"`
	DeliveryTime   any    `json:"deliveryTime"`
}

func (s sms) time() (time.Time, bool) {
	text, _ := s.DeliveryTime.(string)
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

func (s sms) isOlderThan(known sms) bool {
	at, hasTime := s.time()
	knownAt, knownHasTime := known.time()
	if !hasTime || !knownHasTime {
		return known.DeliveryStatus == "DELIVERED"
	}
	return at.Before(knownAt)
}

// processWaiting does your own work, after the answer.
func (r *receiver) processWaiting() {
	statuses := map[string]sms{}
	for id := range r.waiting {
		r.lock.Lock()
		body := r.inbox[id]
		r.lock.Unlock()
		var notification struct {
			SmsDetails []sms `json:"smsDetails"`
		}
		if err := json.Unmarshal(body, &notification); err != nil || len(notification.SmsDetails) == 0 {
			log.Printf("%s can't be read: %v", id, err)
			continue
		}
		next := notification.SmsDetails[0]
		if known, isKnown := statuses[next.ID]; isKnown && next.isOlderThan(known) {
			fmt.Println("older", next.ID, next.DeliveryStatus)
			continue
		}
		statuses[next.ID] = next
		fmt.Println("status", next.ID, next.DeliveryStatus)
	}
}

func keysIn(secrets string) [][]byte {
	var keys [][]byte
	for _, secret := range strings.Fields(secrets) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			log.Fatal("WEBHOOK_SECRET is not base64 after whsec_.")
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		log.Fatal("Set WEBHOOK_SECRET: without it, anyone could call.")
	}
	return keys
}

func environment(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func main() {
	tolerance, err := strconv.ParseInt(environment("WEBHOOK_TOLERANCE", "300"), 10, 64)
	if err != nil {
		log.Fatal("WEBHOOK_TOLERANCE is not a number of seconds.")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+environment("PORT", "3000"))
	if err != nil {
		log.Fatal(err)
	}
	r := &receiver{
		keys:      keysIn(os.Getenv("WEBHOOK_SECRET")),
		tolerance: tolerance,
		inbox:     map[string][]byte{},
		waiting:   make(chan string, 10_000),
	}
	go r.processWaiting()
	mux := http.NewServeMux()
	mux.Handle("/hooks", r)
	fmt.Println("listening on port", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, mux))
}
