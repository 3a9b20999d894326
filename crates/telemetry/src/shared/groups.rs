//! Groups: made, deleted, described; their retention and tags.

use super::Shared;
use super::fresh::names_query;
use crate::index::{self, GroupRecord, kv_error};
use crate::token;
use crate::write::check_tags;
use fabric::telemetry::{
    CreateGroup, DescribeGroups, FreshLines, Group, GroupName, GroupPage, PutRetention, TagGroup,
    TelemetryError,
};
use std::collections::BTreeMap;

/// Groups on one page.
const PAGE_GROUPS_MAX: usize = 1_000;
/// Attempts of a change that others make at the same time.
const ATTEMPTS: usize = 8;

impl Shared {
    pub(super) async fn make_group(&self, create: CreateGroup) -> Result<(), TelemetryError> {
        let name = &create.name;
        for _ in 0..ATTEMPTS {
            let fresh = self.fresh_lines(names_query(&name.scope, Some(&name.group), None)).await;
            match self.view(name, &fresh).await {
                Ok(_) => return Err(TelemetryError::Exists),
                Err(TelemetryError::NoGroup) => {}
                Err(error) => return Err(error),
            }
            let before =
                self.stores.group(&name.scope, &name.group).await.map_err(|error| kv_error(&error))?;
            if before.as_ref().is_some_and(|found| found.record.deleted_ms.is_none()) {
                return Err(TelemetryError::Exists);
            }
            let (now_ms, tags) = (self.stores.world.wall().millis(), create.tags.clone());
            if self.stores.make_group(&name.scope, &name.group, now_ms, tags, before).await?.is_some() {
                return Ok(());
            }
        }
        Err(TelemetryError::Exists)
    }

    /// First what live stores have not shipped, then the group: what was on its way in between is of the old generation, or
    /// arrived before the deletion.
    pub(super) async fn remove_group(&self, name: GroupName) -> Result<(), TelemetryError> {
        let deleted = self
            .of_live(&|store| {
                let name = name.clone();
                Box::pin(async move { store.delete_group(name).await.is_ok().then_some(()) })
            })
            .await;
        let now_ms = self.stores.world.wall().millis();
        let marked = self
            .stores
            .change_group(&name.scope, &name.group, |record| {
                record.deleted_ms = Some(now_ms.max(record.not_before_ms));
                record.tags.clear();
                Ok(())
            })
            .await;
        match marked {
            // It was nowhere but in stores that have deleted it.
            Err(TelemetryError::NoGroup) if !deleted.is_empty() => Ok(()),
            marked => marked.map(drop),
        }
    }

    pub(super) async fn set_retention(&self, put: PutRetention) -> Result<(), TelemetryError> {
        self.recorded(&put.name).await?;
        let change = |record: &mut GroupRecord| {
            record.retention_days = put.days;
            Ok(())
        };
        self.stores.change_group(&put.name.scope, &put.name.group, change).await.map(drop)
    }

    pub(super) async fn tags(&self, name: GroupName) -> Result<BTreeMap<String, String>, TelemetryError> {
        let fresh = self.fresh_lines(names_query(&name.scope, Some(&name.group), None)).await;
        Ok(self.view(&name, &fresh).await?.record.map(|record| record.tags).unwrap_or_default())
    }

    pub(super) async fn set_tags(&self, tag: TagGroup) -> Result<(), TelemetryError> {
        self.recorded(&tag.name).await?;
        let change = |record: &mut GroupRecord| {
            record.tags.retain(|key, _| !tag.remove.contains(key));
            record.tags.extend(tag.set.clone());
            check_tags(record.tags.len())
        };
        self.stores.change_group(&tag.name.scope, &tag.name.group, change).await.map(drop)
    }

    pub(super) async fn groups(&self, query: DescribeGroups) -> Result<GroupPage, TelemetryError> {
        let after = query.next.as_deref().map(token::read_name_token).transpose()?.unwrap_or_default();
        let items_max = query.items_max.clamp(1, PAGE_GROUPS_MAX);
        let fresh = self.fresh_lines(names_query(&query.scope, None, None)).await;
        let mut found = self.recorded_groups(&query).await?;
        for group in fresh.iter().flat_map(|lines| &lines.groups) {
            add_fresh(&mut found, group.name.clone(), group.created_ms, group.last_ingestion_ms);
        }
        let prefix = query.prefix.as_deref().unwrap_or_default();
        let pattern = query.pattern.as_deref().unwrap_or_default();
        let mut names = found.into_iter().filter(|(name, record)| {
            record.deleted_ms.is_none()
                && name.as_str() > after
                && name.starts_with(prefix)
                && name.contains(pattern)
        });
        let mut groups = Vec::new();
        for (_, record) in names.by_ref().take(items_max) {
            groups.push(self.described(&query, &fresh, record).await?);
        }
        let more = names.next().is_some();
        let next = groups.last().filter(|_| more).map(|group| token::write_name_token(&group.name));
        Ok(GroupPage { groups, next })
    }

    async fn recorded_groups(
        &self,
        query: &DescribeGroups,
    ) -> Result<BTreeMap<String, GroupRecord>, TelemetryError> {
        let prefix = index::groups_prefix(Some(&query.scope)).map_err(|error| kv_error(&error))?;
        let (mut found, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.stores.list(&prefix, after.as_ref()).await.map_err(|error| kv_error(&error))?;
            for entry in &page.entries {
                let record: GroupRecord = index::read(&entry.value).map_err(|error| kv_error(&error))?;
                found.insert(record.name.clone(), record);
            }
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn described(
        &self,
        query: &DescribeGroups,
        fresh: &[FreshLines],
        record: GroupRecord,
    ) -> Result<Group, TelemetryError> {
        let (created_ms, retention_days) = (record.created_ms, record.retention_days);
        let name = GroupName { scope: query.scope.clone(), group: record.name };
        let view = match self.view(&name, fresh).await {
            Ok(view) => view,
            // Deleted this moment.
            Err(TelemetryError::NoGroup) => {
                return Ok(Group { name: name.group, created_ms, retention_days, stored_bytes: 0 });
            }
            Err(error) => return Err(error),
        };
        let fresh_bytes: u64 = view.fresh_groups(fresh).map(|group| group.bytes).sum();
        let shipped: u64 = self.shipped_streams(&view).await?.values().map(|sums| sums.bytes).sum();
        Ok(Group { name: name.group, created_ms, retention_days, stored_bytes: shipped + fresh_bytes })
    }
}

/// A group that live stores have lines of and nobody has shipped for, or not since it was deleted.
fn add_fresh(found: &mut BTreeMap<String, GroupRecord>, name: String, created_ms: u64, arrived_ms: u64) {
    let deleted_ms = match found.get(&name) {
        Some(record) => match record.deleted_ms {
            Some(deleted_ms) if arrived_ms >= deleted_ms => deleted_ms,
            _ => return,
        },
        None => 0,
    };
    let record = GroupRecord {
        name: name.clone(),
        generation: 0,
        created_ms: created_ms.max(deleted_ms),
        retention_days: None,
        tags: BTreeMap::new(),
        deleted_ms: None,
        not_before_ms: deleted_ms,
    };
    found.insert(name, record);
}
