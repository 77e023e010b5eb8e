package com.example.receiver;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A receiver with Spring Boot. Run it with {@code WEBHOOK_SECRET=whsec_… mvn spring-boot:run}.
 *
 * <p>WEBHOOK_SECRET may hold several secrets, separated by spaces. WEBHOOK_TOLERANCE is in seconds, 300 by default.
 */
@SpringBootApplication
@RestController
public class Receiver {
  private static final int MAX_BODY_BYTES = 20 << 20;

  private final List<byte[]> keys;
  private final long toleranceSeconds;
  private final JsonMapper json;

  /**
   * In memory, for brevity. Use a table with a unique index on the webhook-id, and store the body in the same
   * statement: once you have answered, nobody sends it again. Forget an id after three days.
   */
  private final Map<String, byte[]> inbox = new ConcurrentHashMap<>();

  /** One thread, so that two statuses of an SMS are not compared at once. */
  private final ExecutorService worker = Executors.newSingleThreadExecutor();

  /** By SMS: the newest status. */
  private final Map<String, Status> statuses = new HashMap<>();

  Receiver(
      @Value("${webhook.secrets}") String secrets,
      @Value("${webhook.tolerance-seconds}") long toleranceSeconds,
      JsonMapper json) {
    this.keys =
        Arrays.stream(secrets.split(" "))
            .filter(secret -> !secret.isEmpty())
            .map(secret -> Base64.getDecoder().decode(secret.replaceFirst("^whsec_", "")))
            .toList();
    if (keys.isEmpty()) {
      throw new IllegalStateException("Set WEBHOOK_SECRET: without it, anyone could call.");
    }
    this.toleranceSeconds = toleranceSeconds;
    this.json = json;
  }

  /** {@code stream}, since what a parser writes again has another signature. */
  @PostMapping("/hooks")
  ResponseEntity<Void> receive(@RequestHeader HttpHeaders headers, InputStream stream)
      throws IOException, GeneralSecurityException {
    byte[] body = stream.readNBytes(MAX_BODY_BYTES);
    String id = headers.getFirst("webhook-id");
    if (id == null) {
      // The platform's own call, when a flow is complete. It proves nothing about its sender.
      System.out.println("flow complete");
      return ResponseEntity.noContent().build();
    }
    if (!isGenuine(headers, id, body)) return ResponseEntity.status(401).build();
    if (inbox.putIfAbsent(id, body) == null) {
      worker.execute(() -> process(id, body));
    } else {
      System.out.println("repeat " + id);
    }
    return ResponseEntity.noContent().build();
  }

  private boolean isGenuine(HttpHeaders headers, String id, byte[] body)
      throws GeneralSecurityException {
    String timestamp = headers.getFirst("webhook-timestamp");
    String signatures = headers.getFirst("webhook-signature");
    if (signatures == null) return false;
    if (timestamp == null || !timestamp.matches("[0-9]{1,12}")) return false;
    long age = Instant.now().getEpochSecond() - Long.parseLong(timestamp);
    if (Math.abs(age) > toleranceSeconds) return false;
    for (byte[] key : keys) {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
      String signature = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
      byte[] expected = signature.getBytes(StandardCharsets.UTF_8);
      for (String each : signatures.split(" ")) {
        if (MessageDigest.isEqual(each.getBytes(StandardCharsets.UTF_8), expected)) return true;
      }
    }
    return false;
  }

  private record Status(String name, OffsetDateTime at) {
    boolean isOlderThan(Status known) {
      if (at == null || known.at == null) return known.name.equals("DELIVERED");
      return at.isBefore(known.at);
    }
  }

  /** Your own work: it runs after the answer. */
  private void process(String id, byte[] body) {
    JsonNode sms;
    try {
      sms = json.readTree(body).path("smsDetails").path(0);
    } catch (JacksonException unreadable) {
      System.err.println(id + " can't be read: " + unreadable.getMessage());
      return;
    }
    String smsId = sms.path("id").asString("");
    Status next = new Status(sms.path("deliveryStatus").asString(""), timeIn(sms));
    Status known = statuses.get(smsId);
    if (known != null && next.isOlderThan(known)) {
      System.out.println("older " + smsId + " " + next.name);
      return;
    }
    statuses.put(smsId, next);
    System.out.println("status " + smsId + " " + next.name);
  }

  private static OffsetDateTime timeIn(JsonNode sms) {
    try {
      return OffsetDateTime.parse(sms.path("deliveryTime").asString(""));
    } catch (DateTimeParseException unreadable) {
      return null;
    }
  }

  public static void main(String[] arguments) {
    SpringApplication.run(Receiver.class, arguments);
  }
}
