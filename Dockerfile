FROM node:24-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM base AS build
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY config config
COPY src src
RUN npm run build

FROM base AS dependencies
# The only optional dependency is Node itself, which the image contains.
RUN npm ci --omit=dev --omit=optional --ignore-scripts
# With "--build-arg KAFKA=true", also the client for Kafka, whose script fetches its binary.
ARG KAFKA=false
RUN if [ "$KAFKA" = true ]; then \
  npm install --no-save --save-prod --omit=dev --omit=optional @confluentinc/kafka-javascript@1.10.1; \
  fi

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="notify-on-delivery" \
      org.opencontainers.image.description="Sends SMS delivery statuses to customers' webhooks" \
      org.opencontainers.image.source="https://github.example.com/messaging/notify-on-delivery" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# Read at run time: the SQL of the route query, and the version in package.json.
COPY config/*.sql config/
COPY src/console/static src/console/static
COPY package.json ./
# Operators' commands: docker exec … notify-on-delivery status
COPY deploy/bin bin
RUN ln -s /app/bin/notify-on-delivery /usr/local/bin/notify-on-delivery
# A number, so that Kubernetes can verify that it is not root. The files belong to root: the worker writes none.
USER 10001:10001
# Both as in "npm start".
ENV UV_THREADPOOL_SIZE=64
ENTRYPOINT ["node", "--max-semi-space-size=32", "--enable-source-maps", "dist/src/main.js"]
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8080}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
